"""The fast YAML reader gives what the slow one gives: values, lines and mistakes."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from preserve.config import yamlfile
from preserve.config.place import bundled_config_dir
from preserve.config.yamlfile import read_yaml

_WORDS = st.sampled_from(
    [
        "a",
        "key",
        "1",
        "no",
        "~",
        "null",
        "",
        "'it''s'",
        '"b\\n"',
        "&a x",
        "*a",
        "!t x",
        "- ",
        ": ",
        "#",
        "|",
        ">-",
        "[1, 2]",
    ]
)
_LINES = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["", "- ", "k: ", "l: ", "? "]), _WORDS), max_size=8
).map(lambda lines: "\n".join("  " * depth + mark + word for depth, mark, word in lines))
_TEXTS = _LINES | st.text(alphabet="ab:- \n\t'\"[]{}#&*!|>%@`,?\x00\u2028é", max_size=40)


@given(_TEXTS)
def test_both_readers_give_the_same(text: str) -> None:
    data = text.encode()
    fast = read_yaml(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yamlfile, "_FAST", yaml.SafeLoader)
        assert read_yaml(data) == fast


@pytest.mark.parametrize("path", sorted(bundled_config_dir().rglob("*.yaml")), ids=lambda path: path.name)
def test_both_readers_give_the_same_of_every_file_that_comes_along(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read_yaml(path.read_bytes())
    assert fast.value is not None
    monkeypatch.setattr(yamlfile, "_FAST", yaml.SafeLoader)
    assert read_yaml(path.read_bytes()) == fast
