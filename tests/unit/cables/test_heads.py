"""Invented heads of messages, each with its right reading and the rules that make it: the files in ``heads/``.

A case begins with ``== WHAT IS NEEDED | KIND``; its head follows, and behind ``->`` what is to be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from preserve.cables.cited import Cited, cited_cables
from preserve.cables.message import parse_message
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
