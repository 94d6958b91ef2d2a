"""A clock of captures that a test moves."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest


class ShiftedClock(datetime):
    """The clock of captures, ``days`` ahead of the true one."""

    days = 0.0

    @classmethod
    def now(cls, tz: Any = None) -> "ShiftedClock":
        real = super().now(tz) + timedelta(days=cls.days)
        return cls.fromtimestamp(real.timestamp(), tz)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[ShiftedClock]]:
    """The clock that captures and their exchanges read in this test."""
    monkeypatch.setattr("preserve.cli.actions.capture.datetime", ShiftedClock)
    monkeypatch.setattr("preserve.net.fetch.datetime", ShiftedClock)
    yield ShiftedClock
    ShiftedClock.days = 0.0
