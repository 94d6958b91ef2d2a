"""Invented heads of messages, each with its right reading and the rules that make it: the files in ``heads/``.

A case begins with ``== WHAT IS NEEDED | KIND``; its head follows, and behind ``->`` what is to be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from preserve.cables.message.authority import declassification_date
from preserve.cables.message.cited import Cited, cited_cables
from preserve.cables.message.grammar import parse_message
from preserve.cables.posts import read_post

HEADS = Path(__file__).parent / "heads"


@dataclass
class Case:
    given: str
    kind: str
    head: list[str] = field(default_factory=list)
    right: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.head)


def cases(name: str) -> Iterator[Case]:
    case: Case | None = None
    for line in (HEADS / name).read_text("utf-8").split("\n"):
        if line.startswith("== "):
            if case is not None:
                yield case
            given, _, kind = line[3:].partition(" | ")
            case = Case(given, kind)
        elif case is not None and line.startswith("->"):
            case.right.append(line[2:].strip())
        elif case is not None and not case.right:
            case.head.append(line)
    if case is not None:
        yield case


def every(name: str) -> list[Case]:
    return list(cases(name))


def named(case: Case) -> str:
    return case.kind


def cited(text: str, citing: str) -> list[tuple[Cited, ...]]:
    return list(cited_cables([entry.text for entry in parse_message(text).refs], citing))


def told(cables: tuple[Cited, ...]) -> str:
    return "; ".join(f"{one.id}{'' if one.certain else '?'}: {', '.join(one.rules)}" for one in cables) or "-"


@pytest.mark.parametrize("case", every("references.txt"), ids=named)
def test_references(case: Case) -> None:
    assert [told(cables) for cables in cited(case.text, case.given)] == case.right


@pytest.mark.parametrize("case", every("tags.txt"), ids=named)
def test_tags(case: Case) -> None:
    message = parse_message(case.text)
    right = [piece.strip() for line in case.right for piece in line.split(";") if piece.strip() != "-"]
    assert [
        f"{tag.meant}{'' if tag.certain else '?'}{'' if tag.rule == 'as printed' else ': ' + tag.rule}"
        for tag in message.meant_tags
    ] == right


@pytest.mark.parametrize("line", (HEADS / "posts.txt").read_text("utf-8").strip().split("\n"))
def test_posts(line: str) -> None:
    said, _, right = line.partition(" -> ")
    post = read_post(said)
    got = "-" if post is None else f"{post.station}{'' if post.certain else '?'}: {post.rule}"
    assert got == right


@pytest.mark.parametrize("case", every("subjects.txt"), ids=named)
def test_subjects(case: Case) -> None:
    subject = parse_message(case.text).subject
    assert ("-" if subject is None else f"{subject.mark or '-'} | {subject.title}") == case.right[0]


@pytest.mark.parametrize("case", every("signatures.txt"), ids=named)
def test_signatures(case: Case) -> None:
    signature = parse_message(f"UNCLAS LIMA 000001\n\n1. (U) It began.\n\n2. (U) {case.text}").signature
    assert ("-" if signature is None else signature.text) == case.right[0]


@pytest.mark.parametrize("case", every("classifiers.txt"), ids=named)
def test_classifiers(case: Case) -> None:
    by = parse_message(f"SECRET LIMA 000001\nSUBJECT: GULLS\n\n{case.text}\n\n2. (S) It rained.").classified_by
    assert by is not None
    if by.classifier is None:
        assert case.right == ["-"]
        return
    parts = (by.classifier.name, by.classifier.title, by.classifier.office)
    got = " | ".join("-" if part is None else part.text for part in parts)
    assert f"{got} | {', '.join(by.reasons) or '-'}" == case.right[0]


@pytest.mark.parametrize("line", (HEADS / "dates.txt").read_text("utf-8").strip().split("\n"))
def test_dates_of_declassification(line: str) -> None:
    said, _, right = line.partition(" -> ")
    assert (declassification_date(said) or "-") == right


@pytest.mark.parametrize("line", (HEADS / "orders.txt").read_text("utf-8").strip().split("\n"))
def test_orders(line: str) -> None:
    said, _, right = line.partition(" -> ")
    message = parse_message(f"SECRET LIMA 000001\n{said}\nSUBJECT: GULLS\n")
    until = message.declassify_on
    assert message.eo is not None
    assert f"{message.eo.text} | {'-' if until is None else until.date or until.text}" == right


def test_addressees_and_the_sender_are_posts() -> None:
    header = """\
VZCZCXRO5422
O P 101342Z JUN 09
FM AMEMBASSY LIMA
TO RUEHC/SECSTATE WASHDC PRIORITY 4411
INFO RUEHBO/AMEMBASSY BOGOTA 0012
RUEHZZ/AMEMBASSY COPENHAEN PRIORITY
RHEHNSC/NSC WASHDC
RUEHGV/USMISSION GENEVA 0001
RUEAWJB/HARBOUR BOARD
"""
    read = parse_message("UNCLAS LIMA 000001", header).header
    assert read is not None
    assert read.sent_from_post is not None
    assert (read.sent_from_post.station, read.sent_from_post.certain) == ("LIMA", True)
    posts = [one.post for one in (*read.to, *read.info)]
    assert [None if post is None else (post.station, post.certain) for post in posts] == [
        ("STATE", True),
        ("BOGOTA", True),
        ("COPENHAGEN", False),
        ("NSC", True),
        ("GENEVA", True),
        None,
    ]
    assert read.precedence is not None
    assert (read.precedence.text, read.date_time) == ("O P", "2009-06-10T13:42")


def test_the_corpus_is_large() -> None:
    names = ("references.txt", "tags.txt", "subjects.txt", "signatures.txt", "classifiers.txt")
    lines = sum(
        len((HEADS / name).read_text("utf-8").strip().split("\n")) for name in ("posts.txt", "dates.txt", "orders.txt")
    )
    assert sum(len(every(name)) for name in names) + lines >= 400
