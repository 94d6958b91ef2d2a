"""Digests in every algorithm and encoding that headers have."""

import base64
import contextlib
import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.digests import DeclaredDigest, UnknownAlgorithmError, parse_digest

ALGORITHMS = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]
ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "base32": lambda d: base64.b32encode(d).decode(),
    "base32, small": lambda d: base64.b32encode(d).decode().lower(),
    "base32, bare": lambda d: base64.b32encode(d).decode().rstrip("="),
    "hexadecimal": bytes.hex,
    "hexadecimal, large": lambda d: d.hex().upper(),
    "base64": lambda d: base64.b64encode(d).decode(),
    "base64, bare": lambda d: base64.b64encode(d).decode().rstrip("="),
    "base64, for addresses": lambda d: base64.urlsafe_b64encode(d).decode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(st.sampled_from(ALGORITHMS), st.binary(max_size=8))
def test_every_encoding_of_every_algorithm_is_read(encoding: str, algorithm: str, data: bytes) -> None:
    digest = hashlib.new(algorithm, data).digest()
    assert parse_digest(f"{algorithm}:{ENCODINGS[encoding](digest)}") == DeclaredDigest(algorithm, digest)


@pytest.mark.parametrize("label", ["SHA1", "sha-1", "SHA-1", "Sha1"])
def test_the_algorithms_name_is_read_as_people_write_it(label: str) -> None:
    assert parse_digest(f"{label}:" + "0" * 40) == DeclaredDigest("sha1", bytes(20))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha1",
        "sha1:",
        "sha1:" + "0" * 39,
        "sha1:" + "1" * 32,
        "sha1:" + "A" * 31,
        "sha1:" + "A" * 32 + "\n",
        "md5:" + "A" * 25 + "B",
        "sha1: " + "0" * 40,
        "sha1:" + "+-" * 20,
    ],
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_digest(text)


def test_an_algorithm_that_is_not_known_is_told_apart() -> None:
    with pytest.raises(UnknownAlgorithmError):
        parse_digest("blake3:" + "0" * 64)


@given(st.text(st.characters(codec="ascii"), max_size=80), st.sampled_from(["", "sha1:", "md5:", "sha256:"]))
def test_any_text_is_read_or_refused(text: str, label: str) -> None:
    with contextlib.suppress(FormatError):
        declared = parse_digest(label + text)
        assert len(declared.digest) == hashlib.new(declared.algorithm).digest_size
