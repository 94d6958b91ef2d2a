"""Expressions that people write take linear time, or are refused with the reason."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from preserve.config import repetitions
from preserve.config.patterns import (
    check_bounded,
    check_form,
    check_lines,
    check_match,
    check_search,
    linear,
    stretched,
)


@pytest.mark.parametrize(
    "text",
    [r"(a+)+", r"(a*)*b", r"(([a-z]+)/?)*$", r"(a|ab)*c", r"(?:a?b?)*", r"(a{1,3}b)+", r"(x)\1", ".*.*x", "a{20000}",
     "a{99999999999999}", "(" * 900 + ")" * 900, "[", "(", "x" * 2_001],
)  # fmt: skip
def test_what_could_take_time_without_end_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        check_bounded(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        r"a.{1,200}?b",
        r"(?:[^-]|-(?!----))*+",
        r"(?:a++b)*",
        "(?>a+)*",
        r"(?:one |two )?three",
        "[^,]*,(.*)",
        "a{3}(bc)*",
    ],
)
def test_what_ends_is_taken(text: str) -> None:
    assert check_bounded(text) == text


@pytest.mark.parametrize("text", ["(?=a)", r"(a)\1", "[", "a{99999999999999}", "(" * 3_000 + ")" * 3_000])
def test_a_scope_takes_expressions_of_re2(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        linear(text)
    assert "\n" not in str(caught.value)


def test_a_scope_is_linear_whatever_it_says() -> None:
    expression = linear(r"https://x\.example/(([a-z]+)/?)*$")
    assert expression.match("https://x.example/abc/def/") is not None
    assert expression.match("https://x.example/" + "a" * 4_000 + "!") is None
    assert linear("https?://[^/]*\\.example/").match("http://a.example/x") is not None


CHECKS = (check_match, check_search, check_form, check_lines)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "text",
    [
        *("a*a*b", "(x+)y?(x+)z", r"\s*\s*$", ".*.*=", ".*=.*z", ".*foo.*bar", "a+[ab]*c", "(?:a|b)*[bc]+d"),
        *(".{0,5000}.{0,5000}x", "(?i)a*A*b", "(?s)a.*[^a]*b", ".{0,200}.{0,200}.{0,200}x", "a*(?:b|c?)a*d"),
        *(r"\w+\d+x", "a*(?>a+)b", "a*(?:a{2,9})*b", "(?=a*a*b)c", "a*\u0161?[\u0100-\u0170a]+b", "a*a*+b"),
        "(a*)(?:(?:b?))(a*)c",
    ],
)  # fmt: skip
def test_repetitions_that_overlap_are_refused(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match="repetition") as caught:
        check(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        *((check_search, text) for text in ("[^,]*,x", "a*b", " .*x", "Viewing [^,]*,")),
        *((check_lines, text) for text in (r"foo\s*", ".*foo", " foo", "foo .{0,80}")),
    ],
)
def test_what_stands_before_and_behind_counts(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(ValueError, match="repetition"):
        check(text)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        *((check_lines, text) for text in ("x.*", ".{0,200}foo", "page [0-9]+", ".*", "(.*)", r"Printed by \S.{0,80}")),
        *(
            (check_match, text)
            for text in ("[^,]*,(.*)", r"\d+[a-z]+\d+", r"[A-Z]+\d+\n", " (.*)", "a*+a?b", "a*b*c*d")
        ),
        *((check_search, text) for text in ("No .{1,200}?, of (.*)", r"^[ \t]*Text[ \t]*(?::[ \t]*)?$")),
        (check_form, "Viewing cable [^,]*,(.*)"),
    ],
)
def test_repetitions_that_are_kept_apart_are_taken(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


def test_the_check_itself_looks_at_every_part_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = [0]
    honest = repetitions._Walk._part

    def counted(*words: Any) -> Any:
        looked[0] += 1
        return honest(*words)

    monkeypatch.setattr(repetitions._Walk, "_part", counted)
    counts = []
    for number in (10, 40):
        looked[0] = 0
        check_match("(?:" * number + "a{0,3}b" + ")?" * number)
        counts.append(looked[0])
    assert counts[1] < 5 * counts[0]
    many = "".join(f"{chr(0x4E00 + number)}*" for number in range(600))
    looked[0] = 0
    check_match(many)
    assert looked[0] < 3 * len(many)


def _layouts() -> dict[str, Any]:
    folder = Path(__file__).parents[3] / "config" / "layouts"
    return {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in folder.glob("*.yaml")}


def test_the_layouts_that_come_along_take_blanks_as_one_that_tries_every_way_would() -> None:
    """The two of their expressions in which the plainer form would share blanks between two repetitions."""
    layouts = _layouts()
    end = r"[\x20\t]*(?:\n|\Z)"
    key = "-----END PGP PUBLIC KEY BLOCK-----"
    (written,) = [layouts["wikileaks-cable"]["cut"]]
    pairs = [(rf"^{key}\s*{end}", rf"^{key}{written.partition(key)[2]}{end}", key)]
    for name, word in (("text_after", "Message Text"), ("text_before", "Message Attributes")):
        plain = rf"^[ \t]*{word}[ \t]*:?[ \t]*$"
        pairs.append((plain, layouts["nara-aad"][name], word))
    chance = random.Random(7)
    for plain, own, word in pairs:
        one, other = (re.compile(stretched(text), re.MULTILINE) for text in (plain, own))
        for _ in range(4_000):
            text = word + "".join(chance.choices(" \t\n\r:\u00a0x", (9, 3, 6, 2, 1, 1, 1), k=chance.randrange(12)))
            text = chance.choice(["", " ", "\n"]) + text
            until = len(text) - chance.choice([0, 0, 1])
            assert [m.span() for m in one.finditer(text, 0, until)] == [
                m.span() for m in other.finditer(text, 0, until)
            ], text
