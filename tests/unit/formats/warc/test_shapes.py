"""Headers that are read by the expression of their shape: what reading them line by line gives, or nothing."""

import pytest

from preserve.errors import FormatError
from preserve.formats.warc import record
from preserve.formats.warc.record import RecordHeader, parse_header
from preserve.formats.warc.shapes import Shapes

_OFTEN = 60
HEADER = (
    b"WARC/1.1\r\nWARC-Type: response\r\nwarc-record-ID: <urn:uuid:1>\r\nWARC-Target-URI: http://x.org/a: b?c\r\n"
    b"Content-Type: application/http\r\nWARC-Date: 2026-01-02T03:04:05Z\r\nContent-Length: 12\r\n\r\n"
)


@pytest.fixture
def shapes(monkeypatch: pytest.MonkeyPatch) -> Shapes:
    """Those that are used, with none known."""
    made = Shapes()
    monkeypatch.setattr(record, "_SHAPES", made)
    return made


def _read(raw: bytes) -> tuple[object, ...] | str:
    try:
        header = parse_header(raw)
    except FormatError as error:
        return str(error)
    asked = [header.get(name) for name in ("WARC-Type", "warc-record-id", "WARC-Target-URI", "content-length", "X")]
    return header.version, header.fields, header.by_name, header.raw, header.habits, *asked


def _changed() -> list[bytes]:
    """The header with one thing changed in it, at every place."""
    changed = [HEADER.replace(b": ", b":"), HEADER.replace(b"\r\n", b"\n"), HEADER.replace(b"1.1", b"1.0")]
    for place in range(len(HEADER) - 4):
        for sign in (b" ", b"\t", b"\r", b"\n", b":", b"<", b"\x00", b"\xff", b"\xc2\xa0", b"\r\n", b"\r\n "):
            changed.append(HEADER[:place] + sign + HEADER[place + 1 :])
            changed.append(HEADER[:place] + sign + HEADER[place:])
    lines = HEADER.split(b"\r\n")
    changed += [b"\r\n".join((*lines[:n], *lines[n + 1 :])) for n in range(len(lines) - 2)]
    changed += [b"\r\n".join((*lines[:n], lines[n], *lines[n:])) for n in range(len(lines) - 2)]
    return changed


def test_a_header_that_was_met_often_is_read_as_line_by_line(shapes: Shapes, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before:
        before.setattr(Shapes, "met", lambda *_args: None)
        plain = [_read(raw) for raw in (HEADER, *_changed())]
        assert parse_header(HEADER).shape is None
    for _number in range(_OFTEN):
        parse_header(HEADER)
    shaped = parse_header(HEADER)
    assert shaped.shape is not None
    assert shaped.shape.kind == "response"
    assert shaped == RecordHeader(version="WARC/1.1", fields=shaped.fields, raw=HEADER)
    assert shapes.read(HEADER.decode()) is not None
    assert [_read(raw) for raw in (HEADER, *_changed())] == plain


@pytest.mark.parametrize(
    "raw",
    [
        HEADER.replace(b"http://x.org/a: b?c", b""),
        HEADER.replace(b"WARC-Date:", b"warc-type:"),
        HEADER.replace(b"application/http", b""),
        HEADER.replace(b"\r\n", b"\n"),
        HEADER[:-2] + b"X: y\r\n" * 50 + b"\r\n",
    ],
)
def test_headers_in_which_something_is_unusual_have_no_shape(shapes: Shapes, raw: bytes) -> None:
    for _number in range(_OFTEN):
        header = parse_header(raw)
        assert header.shape is None or shapes.read(raw.decode()) is None
    assert parse_header(raw).shape is None


def test_what_is_kept_is_bounded_whatever_is_read(shapes: Shapes) -> None:
    for number in range(40):
        raw = HEADER.replace(b"WARC-Date", b"X-%d" % number)
        for _time in range(_OFTEN):
            parse_header(raw)
    for number in range(2000):
        parse_header(HEADER.replace(b"WARC-Date", b"Y-%d" % number))
    known, met = shapes.sizes
    assert known <= 16
    assert met <= 256
