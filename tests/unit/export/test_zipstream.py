"""One ZIP, the same bytes whether its output can be gone back in or not, laid out as it would be written."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from preserve.errors import ArchiveError, UsageError
from preserve.export.zipstream import LaidOut, Measured, Part, ZipStream, measured


def _part(name: str, *pieces: bytes, is_packed: bool = False) -> Part:
    return Part(name=name, pieces=lambda: pieces, is_packed=is_packed)


PARTS = [
    _part("archive/a.warc.gz", b"first ", b"second"),
    _part("pages/pages.jsonl", b"text " * 1_000, is_packed=True),
    _part("empty"),
    _part("empty too", is_packed=True),
]


def _written(parts: Iterable[Part], *, can_go_back: bool) -> bytes:
    out = io.BytesIO()
    stream = ZipStream(out, can_go_back=can_go_back)
    stream.add(parts)
    assert stream.finish() == len(out.getvalue())
    return out.getvalue()


def _laid(parts: list[Part], *, held: int = 1 << 20, most: int = 1 << 20) -> LaidOut:
    return LaidOut(parts, lambda _listed: [], most_held_bytes=held, most_bytes=most)


def test_both_ways_give_the_same_bytes_and_others_read_them() -> None:
    data = _written(PARTS, can_go_back=True)
    assert data == _written(PARTS, can_go_back=False)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        assert {name: package.read(name) for name in package.namelist()} == {
            part.name: b"".join(part.pieces()) for part in PARTS
        }


def test_what_is_measured_is_the_content_and_not_its_packing() -> None:
    for part in PARTS:
        one, content = measured(part), b"".join(part.pieces())
        assert one.sha256 == hashlib.sha256(content).hexdigest()
        assert one.member.size == len(content)
        assert part.is_packed or one.member.packed == len(content)
    assert measured(PARTS[1]).member.packed < measured(PARTS[1]).member.size // 10


def test_parts_are_added_in_turns() -> None:
    out = io.BytesIO()
    stream = ZipStream(out, can_go_back=True)
    listed = [one for part in PARTS for one in stream.add([part])]
    stream.finish()
    assert out.getvalue() == _written(PARTS, can_go_back=False)
    assert [one.part.name for one in listed] == [part.name for part in PARTS]


def test_what_changes_between_the_two_passes_is_no_package() -> None:
    times: list[bytes] = []

    def growing() -> list[bytes]:
        times.append(b"x")
        return times.copy()

    with pytest.raises(ArchiveError, match=r"a\.warc changed while it was exported"):
        _written([Part(name="a.warc", pieces=growing)], can_go_back=False)


@pytest.fixture
def stretches(tmp_path: Path) -> Part:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(bytes(range(256)))
    spots = ((10, 20), (100, 130))
    pieces: Callable[[], Iterable[bytes]] = lambda: [path.read_bytes()[start:end] for start, end in spots]  # noqa: E731
    return Part(name="archive/a.warc.gz", pieces=pieces, path=path, stretches=spots)


def test_what_is_laid_out_is_what_would_be_written_from_any_place_to_any_other(stretches: Part) -> None:
    parts = [*PARTS, stretches]
    data, laid = _written(parts, can_go_back=True), _laid(parts)
    assert laid.size == len(data)
    for start in range(0, len(data), 37):
        for end in (start, start + 1, start + 100, len(data)):
            assert b"".join(laid.read(start, end)) == data[start:end], (start, end)
    assert laid.tag == _laid(parts).tag != _laid(PARTS).tag


def test_what_is_given_out_later_is_of_the_file_that_was_hashed(stretches: Part) -> None:
    laid = _laid([*PARTS, stretches])
    assert laid.is_still()
    path = stretches.path
    assert path is not None
    other = path.with_name("other")
    other.write_bytes(bytes(256))
    other.replace(path)
    assert not laid.is_still()
    with pytest.raises(OSError, match="changed since it was hashed"):
        b"".join(laid.read(0, laid.size))
    path.unlink()
    assert not laid.is_still()


def test_a_link_to_a_file_is_read_as_the_file(stretches: Part) -> None:
    path = stretches.path
    assert path is not None
    kept = path.rename(path.with_name("kept"))
    path.symlink_to(kept)
    laid = _laid([stretches])
    assert laid.is_still()
    assert b"".join(laid.read(0, laid.size)) == _written([stretches], can_go_back=True)


def test_what_is_too_large_is_not_read_first(stretches: Part) -> None:
    def never() -> Iterable[bytes]:
        raise AssertionError

    part = Part(name="a", pieces=never, path=stretches.path, stretches=stretches.stretches)
    with pytest.raises(UsageError, match="too large"):
        _laid([part], most=39)


def test_what_lists_the_others_comes_last() -> None:
    def listing(listed: list[Measured]) -> list[Part]:
        return [_part("list", "\n".join(one.sha256 for one in listed).encode())]

    laid = LaidOut(PARTS, listing, most_held_bytes=1 << 20, most_bytes=1 << 20)
    with zipfile.ZipFile(io.BytesIO(b"".join(laid.read(0, laid.size)))) as package:
        assert package.namelist()[-1] == "list"
        assert package.read("list").decode().split() == [measured(part).sha256 for part in PARTS]


def test_a_package_is_not_made_for_a_reader_beyond_its_bounds(stretches: Part) -> None:
    _laid([_part("a", b"x" * 100)], held=100, most=0)
    with pytest.raises(UsageError, match="too large"):
        _laid([_part("a", b"x" * 101)], held=100, most=0)
    _laid([stretches], held=0, most=40)
    with pytest.raises(UsageError, match="too large"):
        _laid([stretches], held=0, most=39)


def test_a_file_that_became_shorter_is_noticed_when_it_is_read(stretches: Part) -> None:
    laid = _laid([stretches])
    assert stretches.path is not None
    stretches.path.write_bytes(b"x" * 120)
    with pytest.raises(OSError, match=r"a\.warc\.gz was changed since"):
        list(laid.read(0, laid.size))
