"""Which citation a quotation belongs to."""

import pytest

from preserve.citation.documents.citations_found import mentions_of
from preserve.citation.documents.plain import read_text
from preserve.citation.documents.tex import read_tex

QUOTE = "The ferry leaves at noon"
A, B = "05SAMPLETOWN1", "06SAMPLETOWN2"
TEXTS = {
    "the next one": (f"“{QUOTE}” ({A}), and more of {B}.", A),
    "the next one in its sentence": (f"As {A} has it. Later “{QUOTE}” ({B}).", B),
    "its own sentence": (f"{A} says “{QUOTE}”. See {B}.", A),
    "its own sentence, ended within the marks": (f"{A} says “{QUOTE}.” See {B}.", A),
    "straight marks": (f'{A} says "{QUOTE}." The cable {B} does not.', A),
    "behind the full stop": (f"Unlike {A}, “{QUOTE}.” ({B})", B),
    "behind an abbreviation": (f"Unlike {A}, “{QUOTE}” of the U.S. Embassy ({B}).", B),
    "nothing in its own": (f"{A} is long. One reads “{QUOTE}”. That is of {B}.", B),
    "the last one": (f"{A} and {B}: “{QUOTE}”.", B),
}


@pytest.mark.parametrize(("text", "cited"), TEXTS.values(), ids=TEXTS)
def test_a_quotation_belongs_to(text: str, cited: str) -> None:
    found = mentions_of(read_text(text.encode()), lambda _target: frozenset())
    assert [mention.targets[0].value for mention in found if mention.quotes] == [cited]


def test_a_quotation_of_what_has_no_entry_belongs_to_no_other() -> None:
    text = rf"They say \enquote{{{QUOTE}}} \cite{{none}}. Also \url{{https://a.example/1}}."
    (mention,) = mentions_of(read_tex(text.encode()), lambda _target: frozenset())
    assert mention.quotes == ()


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("「会議は三時間続いた」", "会議は三時間続いた"),
        ("『会議は三時間続いた』", "会議は三時間続いた"),
        ("“会议持续了三个小时”", "会议持续了三个小时"),
        ("「港」", ""),
        ("“وصل الوفد إلى الميناء”", "وصل الوفد إلى الميناء"),
    ],
)
def test_quotations_in_scripts_without_blanks(text: str, quoted: str) -> None:
    (mention,) = mentions_of(read_text(f"{A}: {text}".encode()), lambda _target: frozenset())
    assert mention.quotes == ((quoted,) if quoted else ())
