"""What warcio reads of a file, held against what was stated of it, or against what is read here."""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from preserve.findings import Verdict
from preserve.store import secondreader
from preserve.store.secondreader import READER, Follower, RecordAsRead, SecondReading, second_reading
from tests.damage.test_corpus import SINGLES
from tests.warcs import arc, gz, page, record, reply, zst

RECORDS = [page(1), record(2, b"x: y\r\n", kind="metadata", content_type="application/warc-fields"), page(3, 3000)]


def seen(data: bytes) -> RecordAsRead:
    """What is to be stated of a record."""
    head, _end, rest = data.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    block = rest.removesuffix(b"\r\n\r\n")
    digest = hashlib.sha256(block).hexdigest()
    return RecordAsRead(fields["WARC-Record-ID"].strip("<>"), fields["WARC-Type"], len(block), digest)


def followed(path: Path, stated: Sequence[RecordAsRead]) -> SecondReading:
    """What the second reader makes of a file, of which it is told first that half of it is there."""
    follower = Follower(path)
    for one in stated:
        follower.add(one)
    size = path.stat().st_size
    follower.grown(size // 2)
    return follower.finish(path, size)


@pytest.fixture
def as_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second reader is started as the program starts it, and not forked."""
    monkeypatch.setattr(secondreader, "subprocess", subprocess)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound file of three records."""
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gz(*RECORDS))
    return path


@pytest.mark.usefixtures("as_a_program")
def test_a_sound_file_is_read_as_it_is_stated(path: Path) -> None:
    found = followed(path, [seen(data) for data in RECORDS])
    assert (found.verdict, found.records, found.faults, found.printed) == (Verdict.PASS, 3, (), "")
    assert second_reading(path).verdict is Verdict.PASS


OTHERS = {
    "a record less": [seen(data) for data in RECORDS[:2]],
    "a record more": [seen(data) for data in (*RECORDS, page(9))],
    "another order": [seen(RECORDS[1]), seen(RECORDS[0]), seen(RECORDS[2])],
    "another id": [seen(RECORDS[0])._replace(record_id="urn:x"), *map(seen, RECORDS[1:])],
    "another type": [seen(RECORDS[0])._replace(type="resource"), *map(seen, RECORDS[1:])],
    "another length": [seen(RECORDS[0])._replace(length=3), *map(seen, RECORDS[1:])],
    "another block": [seen(RECORDS[0])._replace(block_sha256="0" * 64), *map(seen, RECORDS[1:])],
}


@pytest.mark.parametrize("stated", OTHERS.values(), ids=OTHERS)
def test_whatever_else_is_stated_is_told(path: Path, stated: list[RecordAsRead]) -> None:
    found = followed(path, stated)
    assert found.verdict is Verdict.FAIL
    assert [code for code, _detail in found.faults] == ["E-SECOND-READER"]


def test_a_block_that_does_not_fit_its_digest_is_told_with_its_record(path: Path) -> None:
    wrong = RECORDS[0].replace(b"sha1:", b"sha1:AAAA", 1).replace(b"AAAA", b"", 0)
    other = page(1).replace(b"\r\n\r\nHTTP/1.1 200 OK", b"\r\n\r\nHTTP/1.1 200 KO")
    path.write_bytes(gz(other, wrong))
    found = followed(path, [seen(other), seen(wrong)])
    assert "record 0 " in found.defects[0]
    assert "digest" in found.defects[0]


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.warc.zst", zst(RECORDS), "Zstandard"),
        ("a.warc.gz", gz(b"".join(RECORDS)), "in one compressed piece"),
        ("a.warc", b"".join(RECORDS)[:-40], "damaged"),
        ("a.warc.gz", gz(*RECORDS)[:-40], "damaged"),
        ("a.warc", page(1).removesuffix(b"\r\n\r\n") + page(2), "line ends"),
        ("a.arc", b"".join(data.removesuffix(b"\n") for data in arc(1, reply(b"a"), reply(b"b"))), "line ends"),
    ],
)
def test_what_it_is_known_not_to_read_is_not_checked(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    found = second_reading(path)
    assert found.verdict is Verdict.NOT_CHECKED, found
    assert why in found.reason
    assert [code for code, _detail in found.faults] == ["I-SECOND-READER"]


@pytest.mark.usefixtures("as_a_program")
def test_what_it_prints_is_caught(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.warc"
    path.write_bytes(page(1).replace(b"\r\n\r\nWARC", b"WARC").removesuffix(b"\r\n\r\n") + page(2))
    assert "WARNING" in second_reading(path).printed
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("as_a_program")
def test_a_reader_that_cannot_be_begun_or_does_not_end_checks_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin: Any = subprocess.Popen
    for words in (["-c", "raise SystemExit(3)"], ["-c", "while True: pass"]):
        with monkeypatch.context() as patch:
            patch.setattr(secondreader, "_LEAST_S", 0.2)
            patch.setattr(subprocess, "Popen", lambda words_, w=words, **rest: begin([words_[0], *w], **rest))
            for found in (second_reading(path), followed(path, [])):
                assert found.verdict is Verdict.NOT_CHECKED
                assert READER in found.reason


@pytest.mark.usefixtures("as_a_program")
def test_a_file_is_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.warc.gz.open"
    members = [gz(page(number)) for number in range(1, 200)]
    with path.open("wb", buffering=0) as file:
        follower = Follower(path)
        size = 0
        for number, member in enumerate(members, 1):
            # Half of a member is there, and is not said to be.
            file.write(member[:40])
            follower.grown(size)
            file.write(member[40:])
            size += len(member)
            follower.add(seen(page(number)))
            follower.grown(size)
    sealed = path.rename(tmp_path / "a.warc.gz")
    found = follower.finish(sealed, size)
    assert (found.verdict, found.records, found.printed) == (Verdict.PASS, 199, "")


def agree(single: Path) -> None:
    """Both readers read the same, or it is known why not; a digest that does not fit does so for both."""
    found = second_reading(single)
    if found.verdict is Verdict.FAIL:
        assert "-DIGEST." in single.name
        assert all("digest" in defect for defect in found.defects)
    if single.parent.name == "good" and single.suffix not in {".zst", ".wacz"}:
        assert found.verdict is Verdict.PASS or "unfold" in found.reason


@pytest.mark.parametrize("single", SINGLES[::7], ids=lambda path: f"{path.parent.name}-{path.name}")
def test_both_readers_agree_on_some_files_of_the_corpus(single: Path) -> None:
    agree(single)


@pytest.mark.slow
@pytest.mark.usefixtures("as_a_program")
@pytest.mark.parametrize("single", SINGLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_both_readers_agree_on_every_file_of_the_corpus(single: Path) -> None:
    agree(single)
