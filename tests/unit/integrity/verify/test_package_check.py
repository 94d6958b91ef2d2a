"""What a package's pages and index are held against; the whole is tested by ``tests/unit/formats/test_wacz.py``."""

from preserve.integrity.verify.package_check import _is_made_of
from preserve.model import sha256_hex
from tests.growth import assert_linear


def _stated(*texts: str) -> set[str]:
    return {sha256_hex(text.encode()) for text in texts}


def test_texts_of_a_page_stand_one_behind_the_other() -> None:
    stated = _stated("one", "two\n\nthree")
    assert _is_made_of(["one", "two", "three"], stated)
    assert _is_made_of(["two", "three"], stated)
    assert not _is_made_of(["one", "two"], stated)
    assert not _is_made_of(["one", "four"], stated)


def test_work_is_linear_in_the_pieces() -> None:
    assert_linear(lambda size: _is_made_of([""] * size, set()), 400_000)
