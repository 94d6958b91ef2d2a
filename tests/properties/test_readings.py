"""Noise between the tokens of a head changes no reading, no reading invents an id, and work grows with the length."""

import re
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preserve.cables.identity import canonical_id
from preserve.cables.likeness import one_letter_apart
from preserve.cables.message.cited import cited_cables
from preserve.cables.message.grammar import parse_message
from preserve.cables.posts import Post, all_posts, letters_of, read_post, same_post
from tests.examples import examples

CITING = "09LIMA700"
NAMES = [
    "LIMA", "SAN JOSE", "THE HAGUE", "KUALA LUMPUR", "RIO DE JANEIRO", "STATE", "SECSTATE", "USUN", "COLOMOBO",
    "HAMBURG", "PORT AU PRINCE", "COTON0U",
]  # fmt: skip
TAGS = ["PREL", "ECON", "FR", "BR", "UNSC", "HUMAN RIGHTS", "COUNTRY CLEARANCE", "PHUMBA", "UNDESCO", "KDEM"]
CAPTIONS = ["REF:", "REFS:", "REFTEL(S):", "Ref(s):", "REFERENCES:"]
ENUMERATORS = ["{}.", "({})", "[{}]", "{})", "{}. {})"]
BETWEEN_TOKENS = [" ", "  ", "   ", "\n", "\n     ", " \n", "\r\n"]
BETWEEN_ENTRIES = [
    *BETWEEN_TOKENS[3:],
    "\n\n",
    " \n \n",
    "\nLIMA 00000700  001.2 OF 003\n",
    "\n \nLIMA 00000700 002 OF 003 \n \n",
    "\n CONFIDENTIAL\n\nPAGE 02        LIMA  00700  082030Z\n",
    "  LIMA 00000700  001.2 OF 003 ",
]


def cased(text: str, how: int) -> str:
    return (text, text.lower(), text.title())[how]


@st.composite
def lists(draw: st.DrawFn) -> tuple[str, str]:
    """A list of references, plain and with noise."""
    caption, enumerator = draw(st.sampled_from(CAPTIONS)), draw(st.sampled_from(ENUMERATORS))
    how = draw(st.sampled_from([0, 1, 2]))
    plain, noisy = [], []
    for letter in "ABCDE"[: draw(st.integers(1, 5))]:
        year = draw(st.sampled_from(["", "05", "2007"]))
        number = str(draw(st.integers(100, 99_999))).zfill(draw(st.sampled_from([3, 5, 6])))
        mark = enumerator.format(*[letter] * enumerator.count("{}"))
        name = draw(st.sampled_from(NAMES))
        tokens = [mark, *([year] if year else []), *name.split(), number]
        other = [mark, *([year] if year else []), *cased(name, how).split(), number]
        plain.append(" ".join(tokens))
        noisy.append(other[0])
        for token in other[1:]:
            noisy[-1] += draw(st.sampled_from(BETWEEN_TOKENS)) + token
    joined = noisy[0]
    for entry in noisy[1:]:
        joined += draw(st.sampled_from(BETWEEN_ENTRIES)) + entry
    return f"{caption} " + "\n".join(plain), f"{caption}{draw(st.sampled_from(BETWEEN_TOKENS[:3]))}{joined}"


def read(text: str) -> list[list[tuple[str, bool]]]:
    entries = [entry.text for entry in parse_message(text).refs]
    return [[(one.id, one.certain) for one in cables] for cables in cited_cables(entries, CITING)]


@given(lists())
@settings(max_examples=examples(300), deadline=None)
def test_noise_between_the_tokens_of_a_list_of_references_changes_nothing(both: tuple[str, str]) -> None:
    plain, noisy = both
    assert read(noisy) == read(plain)


@given(
    st.lists(st.sampled_from(TAGS), min_size=1, max_size=8, unique=True),
    st.lists(st.sampled_from([", ", ",", ",  ", ",\n", ", \n", " ,", ",\r\n"]), min_size=8, max_size=8),
    st.sampled_from([0, 1, 2]),
)
@settings(deadline=None)
def test_noise_between_tags_changes_nothing(tags: Sequence[str], between: Sequence[str], how: int) -> None:
    def meant(text: str) -> list[tuple[str, bool]]:
        return [(tag.meant, tag.certain) for tag in parse_message(text).meant_tags]

    noisy = "".join(cased(tag, how) + separator for tag, separator in zip(tags, between, strict=False))
    head = "TAGS: {}\nSUBJECT: A TURN OF THE WIND"
    assert meant(head.format(noisy.rstrip(", \r\n"))) == meant(head.format(", ".join(tags)))


@given(st.lists(st.sampled_from([" ", "  ", "\n", " \n", "\r\n", "\n     "]), min_size=5, max_size=5))
@settings(deadline=None)
def test_noise_between_the_words_of_a_title_changes_nothing(between: Sequence[str]) -> None:
    words = ["GULLS", "OVER", "THE", "OLD", "HARBOUR", "LIGHTS"]
    said = words[0] + "".join(noise + word for noise, word in zip(between, words[1:], strict=True))
    subject = parse_message(f"SUBJECT: {said}\n\nREF: LIMA 1\n").subject
    assert subject is not None
    assert subject.title == " ".join(words)


NOISE = [
    "\n", " \n \n", "\r\n", "\nUNCLASSIFIED\n", "\n                 CONFIDENTIAL\n\n", "\nLIMA 00000700  003 OF 003\n",
    "\nPAGE 04        LIMA  00700  04 OF 04  071629Z\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(NOISE), max_size=5), st.lists(st.sampled_from(NOISE), max_size=5))
@settings(deadline=None)
def test_noise_around_a_signature_changes_nothing(before: Sequence[str], behind: Sequence[str]) -> None:
    body = f"UNCLAS LIMA 000700\n\n1. (U) It rained.\n{''.join(before)}DOE{''.join(behind)}\nNNNN\n"
    message = parse_message(body)
    assert message.signature is not None
    assert (message.signature.text, body[message.signature.start : message.signature.end]) == ("DOE", "DOE")


@given(st.text(alphabet="ABCDEIKLMOPRST0123456789 .,;()/-&\n:", max_size=300))
@settings(max_examples=examples(300), deadline=None)
def test_no_reading_invents_an_id(text: str) -> None:
    """The serial of every id is printed, and its station is one of the table or is printed."""
    entries = [entry.text for entry in parse_message(f"REF: {text}").refs]
    printed = [int(digits) for digits in re.findall(r"\d+", text.replace("O", "0") + " " + text)]
    for entry, cables in zip(entries, cited_cables(entries, CITING), strict=True):
        for one in cables:
            assert canonical_id(one.id) == one.id
            assert one.id != CITING
            assert 0 <= one.start < one.end <= len(entry)
            station, serial = re.fullmatch(r"\d\d([A-Z]+)(\d+)", one.id).groups()  # type: ignore[union-attr]
            assert any(str(number).endswith(serial) for number in printed)
            known = any(post.station == station for post in all_posts())
            assert known or station in letters_of(text)


@given(st.text(max_size=100))
def test_any_name_is_read_or_not(said: str) -> None:
    post = read_post(said)
    assert post is None or post.station in {known.station for known in all_posts()}
    certain = read_post(said, alike=False)
    assert certain is None or certain == post


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@given(st.sampled_from(all_posts()), st.integers(0, 20), st.sampled_from(LETTERS), st.integers(0, 3))
@settings(max_examples=examples(500), deadline=None)
def test_a_garbled_name_never_crosses_two_posts(post: Post, at: int, letter: str, kind: int) -> None:
    name = post.station
    at %= len(name)
    garbled = (
        name[:at] + letter + name[at:],
        name[:at] + name[at + 1 :],
        name[:at] + letter + name[at + 1 :],
        name[:at] + name[at : at + 2][::-1] + name[at + 2 :],
    )[kind]
    reading = read_post(garbled)
    if reading is not None and reading.rule == "one letter":
        assert not reading.certain
        near = {same_post(one.station) for one in all_posts() if one_letter_apart(garbled, one.station)}
        assert near <= {reading.station}
    if reading is not None and reading.rule not in {"one letter", "beginning"}:
        assert reading.station == garbled or garbled in next(
            (*one.short_forms, one.station + (one.country or ""))
            for one in all_posts()
            if one.station == reading.station
        )


def calls(text: str) -> int:
    """How many functions are called to read a head, those of the interpreter too."""
    count = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(called)
    try:
        message = parse_message(text)
        cited_cables([entry.text for entry in message.refs], CITING)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "piece",
    [
        "REF: A. LIMA 12\n", "A. LIMA 12 ", "2799 AND ", "LIMA 00000700 001 OF 002 ", "TAGS: PREL, ETRDEINV\n",
        "QQQQQ ", "TAGS: OVIP (DOE, JANE) ", "SUBJECT: (U) A\n", "Classified By: DCM Jane Doe, ", "DOE.\n",
        "JERSUALEM 5; ",
    ],
)  # fmt: skip
def test_work_grows_with_the_length_and_no_faster(piece: str) -> None:
    calls(piece)
    assert calls(piece * 8_000) <= 5 * calls(piece * 2_000) + 2_000
