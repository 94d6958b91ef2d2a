"""Archival Resource Keys of captures (draft-kunze-ark): ``ark:NAAN/SHOULDER`` and the digits of the record's UUID.

Such a name is told from a record and leads back to it, so that none is minted that cannot be resolved. Hyphens say
nothing in an ARK, and the slash behind ``ark:`` of older ones is read.
"""

from typing import Final

from preserve.expressions import lazy_re

_PREFIX: Final = lazy_re(r"[0-9]{5,9}/(?:[a-z][a-z0-9]{0,20})?")
_UUID: Final = lazy_re(
    r"urn:uuid:([0-9a-fA-F]{8})-([0-9a-fA-F]{4})-([0-9a-fA-F]{4})-([0-9a-fA-F]{4})-([0-9a-fA-F]{12})"
)
ARK: Final = lazy_re(r"ark:/?[0-9]{5,9}/(?:[a-z][a-z0-9]{0,20}?)?(?P<digits>[0-9a-f](?:-?[0-9a-f]){31})(?![0-9A-Za-z])")
"""An ARK of a capture, wherever it stands."""


def is_ark_prefix(text: str) -> bool:
    """Whether a text is what ARKs are made with: the number of a name assigning authority, a slash, and a shoulder."""
    return _PREFIX.fullmatch(text) is not None


def ark_of(prefix: str, record_id: str) -> str:
    """The ARK of a record; empty where there is no prefix, or the record's id is no UUID."""
    match = _UUID.fullmatch(record_id)
    return f"ark:{prefix}{''.join(match.groups()).lower()}" if prefix and match is not None else ""


def record_of_ark(text: str) -> str | None:
    """The id of the record that an ARK names; None where the text is none."""
    match = ARK.fullmatch(text.strip())
    if match is None:
        return None
    digits = match["digits"].replace("-", "")
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f"urn:uuid:{'-'.join(parts)}"
