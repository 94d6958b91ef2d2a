"""The address of a capture in a collection's public replay, which citations send their readers to."""

from preserve.citation.capsule.check_capsule import without_password
from preserve.formats.urls import in_path
from preserve.model import timestamp14
from preserve.replay.recover import Capture, CollectionReader

_URN = "urn:uuid:"


def public_copy(archive: CollectionReader, capture: Capture, public_url: str) -> str:
    """``BASE/14 digits/URL`` where that leads to this capture, else ``BASE/record/UUID``; empty without a base.

    A second names the last of its captures (`preserve.web.exhibit.held`), so that an earlier one has only its record;
    so has one whose address holds a password, which is not passed on, or cannot stand in the path of another address.
    """
    if not public_url:
        return ""
    base, digits, url = public_url.rstrip("/"), timestamp14(capture.moment), capture.url
    of_second = [one for one in archive.captures_of(url) if timestamp14(one.moment) == digits]
    is_named = bool(of_second) and of_second[-1].row.record_id == capture.row.record_id
    said = in_path(url)
    if is_named and said is not None and without_password(url) == url:
        return f"{base}/{digits}/{said}"
    return f"{base}/record/{capture.row.record_id.removeprefix(_URN)}"
