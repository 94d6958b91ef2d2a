"""Stores of every kind, for the tests of what each must do."""

from collections.abc import Iterator

import pytest

from tests.objectserver import ObjectServer, serving_objects


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with serving_objects() as ours:
        yield ours
