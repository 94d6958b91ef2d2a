"""What statements of a newer program name, and what they do not."""

from preserve.formats.tlog.statements import encode
from preserve.integrity.verify.newer import Newer
from preserve.provenance.statements import UnknownStatement


def _unknown(**said: object) -> UnknownStatement:
    return UnknownStatement("remark", 1, encode({"kind": "remark", "v": 1, **said}))


def test_every_text_in_them_is_named_and_the_last_part_of_a_path() -> None:
    newer = Newer()
    newer.take(
        4,
        _unknown(path="archive/a.warc", about=["urn:uuid:1", {"key": "demo+1+A/b", "n": 5, "no": None}]),
        is_covered=True,
    )
    for text in ("archive/a.warc", "a.warc", "urn:uuid:1", "demo+1+A/b", "path", "remark"):
        assert newer.names(text)
    for text in ("archive", "a", "warc", "5", "", "urn:uuid:2"):
        assert not newer.names(text)


def test_one_behind_a_seal_is_told_from_one_before_it() -> None:
    newer = Newer()
    newer.take(4, _unknown(file="a.warc"), is_covered=True)
    assert newer.names("a.warc", after=3)
    assert not newer.names("a.warc", after=4)
    newer.take(9, _unknown(file="a.warc"), is_covered=True)
    assert newer.names("a.warc", after=4)
    assert (newer.last_naming("a.warc"), newer.last_naming("b.warc")) == (9, -1)


def test_one_that_no_checkpoint_covers_names_nothing() -> None:
    newer = Newer()
    newer.take(4, _unknown(file="a.warc"), is_covered=False)
    assert newer.statements == 1
    assert not newer.names("a.warc")
