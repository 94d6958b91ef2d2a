"""The page on what catches what is what the checkers say."""

import pytest

from tools.compare_checkers import PAGE, page

pytestmark = pytest.mark.interop


@pytest.mark.slow
@pytest.mark.damages
@pytest.mark.timeout(600)
def test_the_page_is_what_the_checkers_say() -> None:
    assert page() == PAGE.read_text("utf-8")
