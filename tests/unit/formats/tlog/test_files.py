"""The files of a log against the examples of C2SP tlog-checkpoint, tlog-tiles and tlog-proof."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from preserve.errors import FormatError
from preserve.formats.tlog.files import (
    MAX_SIZE,
    TILE_WIDTH,
    Checkpoint,
    Proof,
    entries_path,
    format_bundle,
    format_checkpoint,
    format_proof,
    parse_bundle,
    parse_checkpoint,
    parse_proof,
    tile_path,
)
from preserve.limits import DEFAULT_LIMITS

ROOT_TEXT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
ROOT = base64.b64decode(ROOT_TEXT)
EXAMPLE = f"example.com/behind-the-sofa\n20852163\n{ROOT_TEXT}\n"


def test_the_example_checkpoint() -> None:
    checkpoint = parse_checkpoint(EXAMPLE)
    assert checkpoint == Checkpoint("example.com/behind-the-sofa", 20852163, ROOT)
    assert format_checkpoint(checkpoint) == EXAMPLE


def test_extension_lines_and_an_origin_with_blanks_are_kept() -> None:
    text = f"go.sum database tree\n0\n{ROOT_TEXT}\none\ntwo 2\n"
    assert parse_checkpoint(text).extensions == ("one", "two 2")
    assert format_checkpoint(parse_checkpoint(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "o\n",
        "o\n7\n",
        f"o\n7\n{ROOT_TEXT}",
        f"\n7\n{ROOT_TEXT}\n",
        f"o\n\n{ROOT_TEXT}\n",
        f"o\n07\n{ROOT_TEXT}\n",
        f"o\n00\n{ROOT_TEXT}\n",
        f"o\n-1\n{ROOT_TEXT}\n",
        f"o\n+1\n{ROOT_TEXT}\n",
        f"o\n 1\n{ROOT_TEXT}\n",
        f"o\n1_0\n{ROOT_TEXT}\n",
        f"o\n\u0661\n{ROOT_TEXT}\n",
        f"o\n0x1\n{ROOT_TEXT}\n",
        f"o\n{MAX_SIZE + 1}\n{ROOT_TEXT}\n",
        f"o\n{'9' * 5000}\n{ROOT_TEXT}\n",
        "o\n7\n\n",
        "o\n7\nAAAA\n",
        f"o\n7\n{ROOT_TEXT[:-1]}\n",
        f"o\n7\n{ROOT_TEXT[:-2]}J=\n",
        f"o\n7\n {ROOT_TEXT}\n",
        f"o\n7\n{ROOT_TEXT.replace('/', '_')}\n",
        f"o\n7\né{ROOT_TEXT[1:]}\n",
        f"o\n7\n{ROOT_TEXT}\n\n",
        f"o\n7\n{ROOT_TEXT}\n\next\n",
        f"o\r\n7\r\n{ROOT_TEXT}\r\n",
        f"o\t\n7\n{ROOT_TEXT}\n",
        f"\ud800\n7\n{ROOT_TEXT}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_checkpoint(text)


def test_the_largest_log() -> None:
    assert parse_checkpoint(f"o\n{MAX_SIZE}\n{ROOT_TEXT}\n").size == MAX_SIZE


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions"),
    [
        ("", 1, ROOT, ()),
        ("o\np", 1, ROOT, ()),
        ("o", -1, ROOT, ()),
        ("o", MAX_SIZE + 1, ROOT, ()),
        ("o", 1, ROOT[:-1], ()),
        ("o", 1, ROOT, ("",)),
        ("o", 1, ROOT, ("a\n",)),
    ],
)
def test_a_checkpoint_that_cannot_be_written_is_not_made(
    origin: str, size: int, root: bytes, extensions: tuple[str, ...]
) -> None:
    with pytest.raises(FormatError):
        Checkpoint(origin, size, root, extensions)


LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(LINES, st.integers(0, MAX_SIZE), st.binary(min_size=32, max_size=32), st.lists(LINES, max_size=3))
def test_any_checkpoint_comes_back(origin: str, size: int, root: bytes, extensions: list[str]) -> None:
    checkpoint = Checkpoint(origin, size, root, tuple(extensions))
    assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint


@given(st.text(alphabet="o0179\nA=/ " + ROOT_TEXT, max_size=120))
def test_any_text_is_a_checkpoint_or_refused(text: str) -> None:
    try:
        checkpoint = parse_checkpoint(text)
    except FormatError:
        return
    assert format_checkpoint(checkpoint) == text


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 1234067, 8, "tile/0/x001/x234/067.p/8"),
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (0, 0, 256, "tile/0/000"),
        (0, 273, 112, "tile/0/273.p/112"),
        (1, 1, 17, "tile/1/001.p/17"),
        (2, 0, 1, "tile/2/000.p/1"),
        (63, 999, 255, "tile/63/999.p/255"),
        (5, 1000, 256, "tile/5/x001/000"),
        (0, 999_999, 256, "tile/0/x999/999"),
        (0, 1_000_000, 256, "tile/0/x001/x000/000"),
    ],
)
def test_tile_paths(level: int, index: int, width: int, path: str) -> None:
    assert tile_path(level, index, width) == path


def test_entry_paths() -> None:
    assert entries_path(0) == "tile/entries/000"
    assert entries_path(1234067, 8) == "tile/entries/x001/x234/067.p/8"


@pytest.mark.parametrize(("level", "index", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_a_place_where_no_tile_can_be_is_refused(level: int, index: int, width: int) -> None:
    with pytest.raises(FormatError):
        tile_path(level, index, width)


@given(st.sets(st.integers(0, 10**7), min_size=2, max_size=20))
def test_no_tile_is_a_folder_of_another(indices: set[int]) -> None:
    paths = [tile_path(0, index) for index in indices]
    assert len(set(paths)) == len(indices)
    assert not any(other.startswith(path + "/") for path in paths for other in paths)


def test_a_bundle_has_lengths_before_its_entries() -> None:
    assert format_bundle([b"", b"ab"]) == b"\x00\x00\x00\x02ab"
    assert parse_bundle(b"\x00\x00\x00\x02ab", 2) == (b"", b"ab")


def test_the_longest_entry() -> None:
    data = format_bundle([b"x" * 65_535])
    assert data[:2] == b"\xff\xff"
    assert parse_bundle(data, 1) == (b"x" * 65_535,)
    with pytest.raises(FormatError, match="65536 bytes"):
        format_bundle([b"x" * 65_536])


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=TILE_WIDTH), st.binary(min_size=1, max_size=5))
def test_any_bundle_comes_back_and_none_that_is_cut_or_longer(entries: list[bytes], more: bytes) -> None:
    data = format_bundle(entries)
    assert parse_bundle(data, len(entries)) == tuple(entries)
    for wrong in (data[:-1], data[: len(data) // 2], data + more, b""):
        with pytest.raises(FormatError):
            parse_bundle(wrong, len(entries))
    if len(entries) > 1:
        with pytest.raises(FormatError):
            parse_bundle(data, len(entries) - 1)
    if len(entries) < TILE_WIDTH:
        with pytest.raises(FormatError):
            parse_bundle(data, len(entries) + 1)


@pytest.mark.parametrize("count", [-1, 0, 257])
def test_a_bundle_of_no_entry_or_too_many_is_refused(count: int) -> None:
    with pytest.raises(FormatError):
        parse_bundle(b"\x00\x00" * max(count, 0), count)
    with pytest.raises(FormatError):
        format_bundle([b""] * max(count, 0))


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x02", b"\x00\x02a", b"\x00\x00\x00"])
def test_a_cut_bundle_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_bundle(data, 1)


HASH = base64.b64encode(bytes(range(32))).decode()
NOTE = (EXAMPLE + "\n— example.com/behind-the-sofa AAAAAAA=\n").encode()
PROOF_TEXT = f"c2sp.org/tlog-proof@v1\nextra YWI=\nindex 73894\n{HASH}\n{ROOT_TEXT}\n\n".encode() + NOTE
PROOF = Proof(index=73894, hashes=(bytes(range(32)), ROOT), checkpoint=NOTE, extra=b"ab")


def test_a_proof_as_the_specification_lays_it_out() -> None:
    assert parse_proof(PROOF_TEXT) == PROOF
    assert format_proof(PROOF) == PROOF_TEXT


def test_a_proof_of_a_log_with_one_leaf() -> None:
    proof = Proof(index=0, hashes=(), checkpoint=NOTE)
    assert format_proof(proof) == b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NOTE
    assert parse_proof(format_proof(proof)) == proof


@given(
    st.integers(0, MAX_SIZE),
    st.lists(st.binary(min_size=32, max_size=32), max_size=64),
    st.binary(max_size=50),
    st.binary(min_size=1, max_size=50),
)
def test_any_proof_comes_back(index: int, hashes: list[bytes], extra: bytes, checkpoint: bytes) -> None:
    proof = Proof(index=index, hashes=tuple(hashes), checkpoint=checkpoint, extra=extra)
    assert parse_proof(format_proof(proof)) == proof


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n\n",
        b"c2sp.org/tlog-proof@v1\nindex 0\n" + NOTE,
        PROOF_TEXT.replace(b"@v1", b"@v2"),
        PROOF_TEXT.replace(b"\n", b"\r\n"),
        PROOF_TEXT.replace(b"extra YWI=", b"extra "),
        PROOF_TEXT.replace(b"extra YWI=", b"extra YWI"),
        PROOF_TEXT.replace(b"extra YWI=", b"extra YWJ="),
        PROOF_TEXT.replace(b"extra YWI=", b"extra \xff"),
        PROOF_TEXT.replace(b"extra YWI=", b"extra YWI=\nextra YWI="),
        PROOF_TEXT.replace(b"index 73894\n", b""),
        PROOF_TEXT.replace(b"index 73894", b"index 073894"),
        PROOF_TEXT.replace(b"index 73894", b"index  73894"),
        PROOF_TEXT.replace(b"index 73894", b"index -1"),
        PROOF_TEXT.replace(b"index 73894", b"index 99999999999999999999"),
        PROOF_TEXT.replace(HASH.encode(), HASH[:-1].encode()),
        PROOF_TEXT.replace(HASH.encode(), b"AAAA"),
        PROOF_TEXT.replace(HASH.encode() + b"\n", (HASH + "\n").encode() * 64),
    ],
)
def test_what_is_no_proof_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_proof(data)


def test_a_proof_without_index_after_extra_is_refused() -> None:
    with pytest.raises(FormatError, match="index"):
        parse_proof(b"c2sp.org/tlog-proof@v1\nextra YWI=\n\n" + NOTE)


def test_a_proof_too_large_is_refused() -> None:
    with pytest.raises(FormatError, match="more than"):
        parse_proof(PROOF_TEXT, limits=replace(DEFAULT_LIMITS, max_note_bytes=len(PROOF_TEXT) // 2 - 1))


@pytest.mark.parametrize(
    "proof",
    [
        replace(PROOF, index=-1),
        replace(PROOF, index=MAX_SIZE + 1),
        replace(PROOF, hashes=(b"",)),
        replace(PROOF, hashes=(ROOT,) * 65),
        replace(PROOF, checkpoint=b""),
    ],
)
def test_a_proof_that_cannot_be_written_is_refused(proof: Proof) -> None:
    with pytest.raises(FormatError):
        format_proof(proof)
