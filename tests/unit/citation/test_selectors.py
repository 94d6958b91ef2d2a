"""Text fragments and annotations of a passage."""

from typing import Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from preserve.citation.passage import Passage
from preserve.citation.selectors import annotation, text_fragment
from tests.unit.formats.test_citations import ARCHIVED, CABLE

PASSAGE = Passage(
    exact="co-operation, rain & shine",
    prefix="s. The mayor praised ",
    suffix=" before the harbour was clos",
    start=21,
    end=47,
    byte_start=121,
    byte_end=147,
    paragraph="3",
    portion_mark="(SBU)",
)
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=400).filter(str.strip)


def _directive(link: str) -> list[str]:
    return link.partition(":~:text=")[2].split(",")


def test_signs_of_the_directive_are_encoded_in_its_words_and_cut_words_are_left_out() -> None:
    link = text_fragment(replace(CABLE, archived_url=""), PASSAGE)
    assert link == (
        f"{CABLE.url}#:~:text=The%20mayor%20praised-,co%2Doperation%2C%20rain%20%26%20shine,-before%20the%20harbour%20was"
    )


def test_it_goes_to_the_archived_copy_and_keeps_a_fragment_of_the_address() -> None:
    assert text_fragment(CABLE, PASSAGE).startswith(ARCHIVED + "#:~:text=")
    data = replace(CABLE, url="https://x.example/#part", archived_url="")
    assert text_fragment(data, PASSAGE).startswith("https://x.example/#part:~:text=")


@given(exact=WORDS, prefix=WORDS, suffix=WORDS)
def test_whatever_the_words_the_directive_has_its_parts_in_order(exact: str, prefix: str, suffix: str) -> None:
    parts = _directive(text_fragment(CABLE, replace(PASSAGE, exact=exact, prefix=prefix, suffix=suffix)))
    if parts[0].endswith("-"):
        assert " ".join(prefix.split()).endswith(unquote(parts.pop(0)[:-1]))
    if len(parts) > 1 and parts[-1].startswith("-"):
        assert " ".join(suffix.split()).startswith(unquote(parts.pop()[1:]))
    said = " ".join(exact.split())
    assert len(parts) in {1, 2}
    assert said.startswith(unquote(parts[0]))
    assert said.endswith(unquote(parts[-1]))
    assert not any("-" in part or "&" in part for part in parts)


def test_an_annotation_names_page_moment_copy_and_passage() -> None:
    said: Any = annotation(CABLE, PASSAGE)
    assert said["@context"] == "http://www.w3.org/ns/anno.jsonld"
    assert said["type"] == "Annotation"
    assert said["target"]["source"] == CABLE.url
    assert said["target"]["state"] == {"type": "TimeState", "sourceDate": "2026-11-23T07:58:09Z", "cached": ARCHIVED}
    assert said["target"]["selector"] == [
        {"type": "TextPositionSelector", "start": 21, "end": 47},
        {"type": "TextQuoteSelector", "exact": PASSAGE.exact, "prefix": PASSAGE.prefix, "suffix": PASSAGE.suffix},
        {"type": "DataPositionSelector", "start": 121, "end": 147},
    ]


def test_the_same_passage_has_the_same_name_and_another_one_another() -> None:
    assert annotation(CABLE, PASSAGE)["id"] == annotation(CABLE, PASSAGE)["id"]
    others = (annotation(CABLE, replace(PASSAGE, start=22)), annotation(CABLE, None))
    assert annotation(CABLE, PASSAGE)["id"] not in {other["id"] for other in others}
    assert "selector" not in str(annotation(CABLE, None))
