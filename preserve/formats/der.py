"""Distinguished Encoding Rules (X.690): as much of them as replies of time authorities need."""

from typing import Final

from preserve.errors import FormatError

_CERTIFICATES: Final = frozenset({0xA0, 0xA1})
"""In SignedData (RFC 5652 section 5.1) ``certificates [0]`` and ``crls [1]``, which no signature covers."""
_MOST_LENGTH_OCTETS: Final = 4


def values(data: bytes) -> list[tuple[int, int, int, int]]:
    """Tag, start, start of the content and end of each value that stands behind one another.

    Raises:
        FormatError: they are not whole, or of an indefinite length.
    """
    found = []
    place = 0
    while place < len(data):
        start = place
        if place + 2 > len(data):
            raise FormatError("a value of DER is cut")
        tag, length = data[place], data[place + 1]
        place += 2
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= _MOST_LENGTH_OCTETS or place + count > len(data):
                raise FormatError("a value of DER has a length that it cannot have")
            length, place = int.from_bytes(data[place : place + count]), place + count
        if place + length > len(data):
            raise FormatError("a value of DER is cut")
        found.append((tag, start, place, place + length))
        place += length
    return found


def with_certificates_in_order(reply: bytes) -> bytes:
    """A time authority's reply with its sets of certificates and revocation lists in the order of DER.

    They are a SET OF (X.690 section 11.6: ascending by their octets); some authorities write them in another order,
    which OpenSSL takes and strict readers do not. No signature covers the order. The same bytes where it is right, and
    where the reply is no such.
    """
    try:
        ((_tag, _start, begin, end),) = values(reply)
        _status, token = _inside(reply, begin, end)[:2]
        _kind, content = _inside(reply, token[2], token[3])
        (signed,) = _inside(reply, content[2], content[3])
        parts = _inside(reply, signed[2], signed[3])
        for tag, _start, inner, stop in parts[3:]:
            if tag in _CERTIFICATES:
                each = sorted(reply[first:last] for _tag, first, _inner, last in _inside(reply, inner, stop))
                reply = reply[:inner] + b"".join(each) + reply[stop:]
    except (FormatError, ValueError):
        return reply
    return reply


def _inside(data: bytes, start: int, end: int) -> list[tuple[int, int, int, int]]:
    return [(tag, start + a, start + b, start + c) for tag, a, b, c in values(data[start:end])]
