"""Signing a note (C2SP signed-note); a module of its own, so that a contract can say who may import it."""

from collections.abc import Sequence

from preserve.formats.tlog.note import NoteMalformedError, Signature, Signer, note_body
from preserve.limits import DEFAULT_LIMITS, Limits


def sign_note(text: str, signers: Sequence[Signer], *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The note over ``text`` with one signature a signer, in their order. The same input gives the same bytes.

    Raises:
        NoteMalformedError: the text does not end with a newline or holds control characters; there is no signer, or one
            twice, or more than may be read back; or the note is too long to be read back.
    """
    body = note_body(text)
    if len({(signer.name, signer.key_id) for signer in signers}) != len(signers):
        raise NoteMalformedError("the same key signs a note twice")
    if not 1 <= len(signers) <= limits.max_note_signatures:
        raise NoteMalformedError(f"a note has 1 to {limits.max_note_signatures} signatures, not {len(signers)}")
    lines = [Signature(name=s.name, key_id=s.key_id, value=s.key.sign(body)).line for s in signers]
    note = body + b"\n" + "".join(lines).encode("utf-8")
    if len(note) > limits.max_note_bytes:
        raise NoteMalformedError(f"a note of {len(note)} bytes, more than {limits.max_note_bytes}")
    return note
