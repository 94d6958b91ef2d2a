"""The title that a page gives itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.cables.page.titles import page_title


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>A &amp; B</title><title>C</title>", "A & B"),
        ("<TITLE lang=en>\n A\n <b>b</b> </TITLE>", "A <b>b</b>"),
        ("<title></title><h1>Heading</h1>", ""),
        ("<h1>Heading</h1>", ""),
        ("<!-- <title>no</title> --><title>yes</title>", "yes"),
        ("<script>'<title>no</title>'</script>", ""),
        ("", ""),
    ],
)
def test_it_is_the_first_title_element_and_nothing_else(page: str, title: str) -> None:
    assert page_title(page.encode(), "text/html; charset=utf-8") == title


def test_a_long_title_is_cut() -> None:
    assert len(page_title(b"<title>" + b"x" * 100_000, "text/html")) <= 1000


@given(st.binary(max_size=300))
def test_any_bytes_give_one_line(payload: bytes) -> None:
    assert "\n" not in page_title(b"<title>" + payload, None)
