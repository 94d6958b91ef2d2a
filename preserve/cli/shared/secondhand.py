"""How commands say that a page is second hand: from a web archive, out of an imported file, or built by scripts."""

from preserve.replay.recover import Capture


def second_hand(capture: Capture) -> dict[str, object] | None:
    """Where a second-hand capture is from, ready for JSON; None for a capture of our own."""
    taken_in, memento = capture.taken_in, capture.memento
    if taken_in is not None:
        said = taken_in.said
        return {
            "file": said.file,
            "source": said.source,
            "maker": said.maker,
            "package": None if said.package is None else said.package.name,
            "taken_in": said.imported,
            "statement": taken_in.statement,
        }
    if capture.is_built:
        return {"document": capture.source.record_id, "page": capture.url, "told": capture.second_hand}
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
