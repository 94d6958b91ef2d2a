"""Where a host stands with its worker: a table of states and events.

::

                 DUE                TURN               BEGUN
        +----------------> READY ----------+    +--------------> BUSY
        |                                  v    |                 |
      FREE <-------------------------------+ FREE <---------------+
        |  ^                                            ENDED
        |  |   WOKEN
        |  +------------- ASLEEP
        |  PAUSED           ^
        +-------------------+
        |  TOO_LONG
        +-----------------> LEFT

``FREE`` is where every way leads through: the host has nothing to do, or it was not yet decided what. An event that the
table does not have is a fault of the program, and ends it.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class HostTurn(Enum):
    """Where a host stands."""

    FREE = auto()
    """Nowhere: nothing waits for it, or its place is about to be chosen."""
    READY = auto()
    """In the row of those that are served next."""
    ASLEEP = auto()
    """Until the pause between two requests is over."""
    BUSY = auto()
    """An exchange with it is under way: there is never a second one."""
    LEFT = auto()
    """It wants a longer pause than a run waits: the next run has it."""


class HostEvent(Enum):
    """What happens to a host."""

    DUE = auto()
    """It has something to do, and may be asked now."""
    PAUSED = auto()
    """It has something to do, and may be asked later."""
    TOO_LONG = auto()
    """It may be asked so much later that the run does not wait for it."""
    WOKEN = auto()
    """Its pause is over."""
    TURN = auto()
    """It is taken out of the row."""
    BEGUN = auto()
    """An exchange with it begins."""
    ENDED = auto()
    """The exchange ended."""


_TABLE: Final[Mapping[tuple[HostTurn, HostEvent], HostTurn]] = {
    (HostTurn.FREE, HostEvent.DUE): HostTurn.READY,
    (HostTurn.FREE, HostEvent.PAUSED): HostTurn.ASLEEP,
    (HostTurn.FREE, HostEvent.TOO_LONG): HostTurn.LEFT,
    (HostTurn.FREE, HostEvent.BEGUN): HostTurn.BUSY,
    (HostTurn.ASLEEP, HostEvent.WOKEN): HostTurn.FREE,
    (HostTurn.READY, HostEvent.TURN): HostTurn.FREE,
    (HostTurn.BUSY, HostEvent.ENDED): HostTurn.FREE,
}


def after(turn: HostTurn, event: HostEvent) -> HostTurn:
    """Where a host stands after an event.

    Raises:
        RuntimeError: there is no such event there.
    """
    try:
        return _TABLE[turn, event]
    except KeyError:
        raise RuntimeError(f"a host that is {turn.name} cannot be {event.name}") from None
