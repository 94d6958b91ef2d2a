"""The encoding of stdout, for a file and for a terminal."""

import io
import os

import pytest

from preserve.cli.shared.streams import _text

WORDS = "the harbour “港” \udcff\n"


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "utf-8"])
def test_what_goes_to_a_program_is_utf_8_whatever_the_locale(encoding: str) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        with _text(io.FileIO(writing, "w"), io.TextIOWrapper(io.BytesIO(), encoding=encoding)) as stream:
            stream.write(WORDS)
        assert pipe.read().decode("utf-8") == WORDS.replace("\udcff", "\\udcff")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", rb"\u201c\u6e2f\u201d \udcff"), ("utf-8", "“港” \\udcff".encode())],
)
def test_a_terminal_gets_its_own_encoding_and_escapes(encoding: str, shown: bytes) -> None:
    leader, terminal = os.openpty()
    try:
        with _text(io.FileIO(terminal, "w"), io.TextIOWrapper(io.BytesIO(), encoding=encoding)) as stream:
            stream.write(WORDS)
            assert os.read(leader, 1000).rstrip() == b"the harbour " + shown
    finally:
        os.close(leader)
