"""The table of a host's states: which events there are in each, and that none leads to two exchanges at a time."""

import pytest

from preserve.crawler.turns import HostEvent, HostTurn, after

WAYS = {
    HostTurn.FREE: {HostEvent.DUE, HostEvent.PAUSED, HostEvent.TOO_LONG, HostEvent.BEGUN},
    HostTurn.READY: {HostEvent.TURN},
    HostTurn.ASLEEP: {HostEvent.WOKEN},
    HostTurn.BUSY: {HostEvent.ENDED},
    HostTurn.LEFT: set(),
}


@pytest.mark.parametrize("turn", HostTurn)
@pytest.mark.parametrize("event", HostEvent)
def test_an_event_leads_on_or_is_a_fault(turn: HostTurn, event: HostEvent) -> None:
    if event in WAYS[turn]:
        assert after(turn, event) is not turn
    else:
        with pytest.raises(RuntimeError, match=f"{turn.name} cannot be {event.name}"):
            after(turn, event)


def test_a_busy_host_is_served_again_only_by_way_of_its_end() -> None:
    turn = HostTurn.FREE
    for event in (HostEvent.PAUSED, HostEvent.WOKEN, HostEvent.DUE, HostEvent.TURN, HostEvent.BEGUN, HostEvent.ENDED):
        turn = after(turn, event)
    assert turn is HostTurn.FREE


def test_a_host_that_was_left_stays_left() -> None:
    assert after(HostTurn.FREE, HostEvent.TOO_LONG) is HostTurn.LEFT
