"""Expressions that people write take linear time, or are refused with the reason."""

import pytest

from preserve.config.patterns import check_bounded, linear


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
