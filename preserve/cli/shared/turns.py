"""Turns with hosts among the machines of a fleet, for what asks hosts without a schedule or under one.

Tested by ``tests/unit/schedule/test_host_turns.py`` and ``tests/scenarios/test_fleet_by_hand.py``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from preserve.config.fleet import FLEET_VARIABLE, LEASE_VARIABLE

if TYPE_CHECKING:
    from preserve.crawler.browser.gates import HostTurns


@contextmanager
def fleet_turns() -> "Iterator[HostTurns | None]":
    """The turns of this process; None where the environment names no fleet.

    Raises:
        PreserveError: as `preserve.schedule.host_turns.turns_for` has it.
    """
    if not os.environ.get(FLEET_VARIABLE) and LEASE_VARIABLE not in os.environ:
        yield None
        return
    # Only who is of a fleet speaks to its database.
    from preserve.schedule.host_turns import turns_for  # noqa: PLC0415

    with turns_for(os.environ) as turns:
        yield turns
