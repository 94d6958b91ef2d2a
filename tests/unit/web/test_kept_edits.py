"""Edits that are kept are those that would be found, and take no more memory than they may."""

import pytest

from preserve.formats.rewriting.content import rewritable
from preserve.web.exhibit import kept_edits
from preserve.web.exhibit.kept_edits import KeptEdits

_PAGE = b"<a href=b.html>x</a><img src=/i.png>"
_URL = "http://a.example/c/"


def test_the_same_bytes_are_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def counted(*given: object) -> object:
        asked.append(given)
        return rewritable(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(kept_edits, "rewritable", counted)
    kept = KeptEdits()
    for _again in range(2):
        assert kept.find(_PAGE, _URL, "text/html", None) == rewritable(_PAGE, _URL, "text/html", None)
        assert kept.find(b"a{}", _URL, "image/png", None) is None
    assert len(asked) == 2
    for other in (
        (_PAGE + b" ", _URL, "text/html", None),
        (_PAGE, "http://b.example/", "text/html", None),
        (_PAGE, _URL, "text/css", None),
        (_PAGE, _URL, "text/html", "text/html; charset=latin1"),
    ):
        assert kept.find(*other) == rewritable(*other)
    assert len(asked) == 6


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    kept = KeptEdits(most_bytes=20_000)
    for number in range(200):
        kept.find(_PAGE + b"%d" % number, _URL, "text/html", None)
        assert 0 < kept.bytes <= 20_000
    before = kept.bytes
    assert kept.find(_PAGE + b"199", _URL, "text/html", None) is not None
    assert kept.bytes == before
    large = b"<a href=x>" * 1_000
    assert kept.find(large, _URL, "text/html", None) == rewritable(large, _URL, "text/html", None)
    assert kept.bytes == before
