"""The repair guide, command by command, on a collection that is damaged as it says."""

from pathlib import Path

from preserve.formats.warc.members import iter_members
from preserve.formats.warc.record import compress_member, make_record, record_bytes
from tests.guides import commands_of, shows, typed
from tests.scenarios.test_damage import PAGE

_GUIDE = Path(__file__).parents[2] / "docs" / "repair.md"


def _warc() -> bytes:
    body = PAGE.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    records = [
        make_record(
            [
                ("WARC-Type", "response"),
                ("WARC-Record-ID", f"<urn:uuid:00000000-0000-4000-8000-00000000000{number}>"),
                ("WARC-Date", "2026-01-02T03:04:05Z"),
                ("WARC-Target-URI", f"http://pages.example/{name}"),
                ("Content-Type", "application/http; msgtype=response"),
            ],
            head + body,
        )
        for number, name in enumerate(["06TESTPOST12", "again"])
    ]
    return b"".join(compress_member(record_bytes(record)) for record in records)


def test_the_repair_guide_does_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "made-by-another.warc.gz").write_bytes(_warc())
    typed("preserve import made-by-another.warc.gz --into cables", tmp_path)
    typed("preserve replicate backup", tmp_path)
    path = tmp_path / "archives" / "cables" / "archive" / "made-by-another.warc.gz"
    with path.open("rb") as file:
        first = next(iter(iter_members(file)))
    data = bytearray(path.read_bytes())
    data[first.length // 2] ^= 0xFF
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    commands = commands_of(_GUIDE)
    assert len(commands) > 8
    for command, shown in commands:
        _status, printed = typed(command, tmp_path)
        assert shows(printed, shown), f"{command}\n" + "\n".join(printed)
    assert (tmp_path / "verdict.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (tmp_path / "cables-as-found" / "archive" / path.name).read_bytes() == bytes(data)
