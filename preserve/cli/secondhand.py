"""How commands say that a page is second hand: as a web archive served it, and not its own site."""

from preserve.replay.recover import Capture


def second_hand(capture: Capture) -> dict[str, object] | None:
    """Where a second-hand capture is from, ready for JSON; None for a capture of our own."""
    memento = capture.memento
    if memento is None:
        return None
    return {
        "archive": memento.archive,
        "archive_title": memento.archive_title,
        "memento": memento.memento,
        "requested": memento.requested,
        "served": memento.served,
        "listed_digest": memento.digest,
        "held": memento.held,
        "statement": memento.statement,
    }
