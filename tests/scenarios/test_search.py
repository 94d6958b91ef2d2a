"""Searching, listing, exporting and the Python interface, on the demo's mirror."""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import preserve
from preserve.demo_site.cables import LIGHTHOUSE
from preserve.errors import UsageError
from preserve.export import ccindex, extracts
from preserve.export.tables import COLUMNS, REFERENCES, columns, write_csv
from preserve.provenance.installation import Installation
from preserve.replay.searchwords import expression
from preserve.store.durable import Lock
from preserve.store.layout import CollectionPaths
from preserve.store.searchindex import SearchIndex
from tests.kept import Beginning, beginning, capture_mirror_twice, served, site
from tests.layout_pages import wikileaks_page
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

_DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def held(shell: Shell, site: Site, beginning: Beginning) -> Any:
    """The mirror captured twice, with the change between."""

    beginning(shell, lambda: capture_mirror_twice(shell, site), site)
    return shell


def _ids(answer: dict[str, Any]) -> set[str]:
    return {hit["published_id"] for hit in answer["hits"]}


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("lighthouses", {"05PORTSOLACE117"}),
        ('"twelfth light"', {"05PORTSOLACE117"}),
        ('"light twelfth"', set()),
        ("almond*", {"06VELDORA42"}),
        ("bridge OR clock", {"03PORTSOLACE881", "09VELDORA7"}),
        ("veldora -clock", {"06VELDORA42"}),
        ("veldora NOT clock", {"06VELDORA42"}),
        ("(bridge OR clock) AND citizens", {"09VELDORA7"}),
        ("veldora -(clock OR bridge)", {"06VELDORA42"}),
        ("veldora NOT (almond* OR bridge)", {"09VELDORA7"}),
        ("E.O. 12958 ferryman", {"03PORTSOLACE881"}),
        ("05PORTSOLACE117", {"05PORTSOLACE117"}),
    ],
)
def test_words_find_the_cables_that_have_them(held: Any, words: str, expected: set[str]) -> None:
    answer = held.json("search", words, status=0 if expected else 3)
    assert _ids(answer) == expected
    for hit in answer["hits"]:
        for start, end in hit["marks"]:
            assert hit["passage"][start:end].strip()


def test_signs_that_nobody_sees_part_no_word(shell: Shell, site: Site) -> None:
    site.page("/c", wikileaks_page().replace(b"gulls", b"gu&shy;ll&#8203;s"))
    shell.site_collection("demo", site, "/c")
    shell("init", "demo")
    shell("capture", "demo")
    for words in ("gulls", "gu\u00adlls", '"the gulls of"'):
        assert _ids(shell.json("search", words)) == {"08SAMPLETOWN12"}


def test_the_newest_text_is_searched_and_the_older_ones_where_they_are_asked_for(held: Any) -> None:
    held.json("search", "Quarrington", status=3)
    assert _ids(held.json("search", "Quarrington", "--all-texts")) == {LIGHTHOUSE.identifier}
    assert "**XXXXXXXXXXXX**" in held("search", "XXXXXXXXXXXX")


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--origin", "port solace"], {"03PORTSOLACE881", "05PORTSOLACE117"}),
        (["--tag", "senv"], {"05PORTSOLACE117"}),
        (["--tag", "SEN"], set()),
        (["--class", "unclassified//"], {"05PORTSOLACE117"}),
        (["--from", "2006", "--to", "2006-03-02"], {"06VELDORA42"}),
        (["--to", "2003"], {"03PORTSOLACE881"}),
        (["--origin", "%"], set()),
    ],
)
def test_filters_choose(held: Any, options: list[str], expected: set[str]) -> None:
    answer = held.json("list", *options, status=0 if expected else 3)
    assert {cable["published_id"] for cable in answer["cables"]} == expected


def test_a_date_that_is_none_or_a_span_the_wrong_way_round_is_refused(held: Any) -> None:
    held("list", "--from", "2005-13", status=2)
    held("list", "--from", "2006", "--to", "2005", status=2)
    assert "earlier date" in held.errors


@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(['"', "-", "*", ":", "(", ")", "a", "b c", " ", "OR", "NOT", "^"])).map("".join)
)
def test_whatever_is_typed_sqlite_takes_it(words: str) -> None:
    with contextlib.suppress(UsageError):
        wanted = expression(words)
        with contextlib.closing(sqlite3.connect(":memory:")) as memory:
            memory.execute("CREATE VIRTUAL TABLE words USING fts5(body)")
            memory.execute("INSERT INTO words VALUES ('a b c')")
            memory.execute(
                "SELECT count(*) FROM words WHERE words MATCH ?", (wanted.encode("utf-8", "replace").decode(),)
            ).fetchall()


@pytest.mark.one_in(2)
@pytest.mark.parametrize("broken", [b"rubbish" * 1000, b""])
def test_an_index_that_is_broken_is_made_again(held: Any, broken: bytes) -> None:
    held("search", "clock")
    held.archives.joinpath("demo/state/search.sqlite").write_bytes(broken)
    assert "09VELDORA7" in held("search", "clock")


def test_while_another_writes_what_is_indexed_is_searched(held: Any, site: Site) -> None:
    held("rebuild", "demo")
    paths = CollectionPaths(held.archives, "demo")
    with Lock(paths.lock, "another"):
        held("search", "clock", status=4)
        assert "no search index yet" in held.errors
    held("search", "clock")
    with SearchIndex.open(paths, Installation.of_user("demo").secret()) as index:
        index.add([], unread=0, size=index.ledger_size - 1)
    with Lock(paths.lock, "another"):
        assert "09VELDORA7" in held("search", "clock")
        assert "the rest is not indexed yet" in held.errors
    held("search", "clock")
    assert "indexed" not in held.errors


def test_rebuilding_deletes_the_index_and_a_search_makes_it_again(held: Any) -> None:
    before = held.json("search", "veldora", "--all-texts")
    held("rebuild", "demo")
    assert not held.archives.joinpath("demo/state/search.sqlite").exists()
    assert "the next search makes it again, or now: `preserve list -c demo" in held.errors
    held("rebuild", "demo")
    assert "search" not in held.errors
    assert held.json("search", "veldora", "--all-texts") == before


def test_tables_hold_the_same_in_every_form(held: Any, tmp_path: Path) -> None:
    for form in ("csv", "jsonl", "parquet"):
        held("export", form, "-o", str(tmp_path / f"t.{form}"))
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text("utf-8").splitlines()]
    assert all(tuple(line) == COLUMNS for line in lines)
    assert pq.read_table(tmp_path / "t.parquet").to_pylist() == lines
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        for cells, line in zip(csv.DictReader(file), lines, strict=True):
            assert cells["text"] == line["text"]
            assert cells["cites"] == "\n".join(line["cites"])
    assert {line["published_id"] for line in lines} >= {"05PORTSOLACE117", "06VELDORA42"}
    assert held("export", "jsonl") == (tmp_path / "t.jsonl").read_text("utf-8")


def test_the_table_of_references_is_the_same_in_every_form(held: Any, tmp_path: Path) -> None:
    for form in ("csv", "jsonl", "parquet"):
        held("export", form, "--table", "references", "-o", str(tmp_path / f"r.{form}"))
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text("utf-8").splitlines()]
    assert pq.read_table(tmp_path / "r.parquet").to_pylist() == lines
    one = next(line for line in lines if line["published_id"] == "05PORTSOLACE117")
    assert (one["entry"], one["printed"], one["cited"]) == (1, "04 PORT SOLACE 1204", "04PORTSOLACE1204")
    assert (one["rules"], one["certain"], one["year_is_assumed"]) == (["not in the table"], False, False)
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8") as file:
        for cells, line in zip(csv.DictReader(file), lines, strict=True):
            assert cells["cited"] == (line["cited"] or "")
            assert cells["certain"] == {True: "yes", False: "no", None: ""}[line["certain"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\ta", "\ra", "'a", "a", 'a\r\nb,"c"'])
def test_no_cell_of_csv_is_a_formula(text: str) -> None:
    out = io.BytesIO()
    write_csv([{**dict.fromkeys(COLUMNS), "text": text}], out)
    (row,) = csv.DictReader(io.StringIO(out.getvalue().decode(), newline=""))
    cell = row["text"]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == text or cell == text


def test_every_column_is_documented() -> None:
    texts, _, rest = (_DOCS / "export.md").read_text("utf-8").partition("## The table of references")
    references, _, rest = rest.partition("## The table of the index")
    index, _, extracted = rest.partition("## The table of `extract`")
    said = {name: column.said for name, column in ccindex.COLUMNS.items()}
    for page, right in ((texts, columns()), (references, REFERENCES), (index, said), (extracted, extracts.columns())):
        assert dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page, re.MULTILINE)) == right


def test_the_example_of_the_python_page_runs(held: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(held.archives.parent)
    (code,) = re.findall(r"```python\n(.*?)```", (_DOCS / "python.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    out = capsys.readouterr().out
    assert LIGHTHOUSE.title in " ".join(out.split())
    assert names["ids"] == ["03PORTSOLACE881", "05PORTSOLACE117", "06VELDORA42", "09VELDORA7"]


def test_a_read_only_copy_is_searched_as_far_as_it_is_indexed(held: Any, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    held("search", "clock")
    copy = tmp_path / "copy"
    shutil.copytree(held.archives, copy)
    (copy / "demo" / "state").chmod(0o555)
    assert "09VELDORA7" in held("search", "clock", "--archives", str(copy))


def test_importing_the_package_stays_light() -> None:
    with pytest.raises(AttributeError):
        preserve.nothing_of_this_name  # noqa: B018
    assert callable(preserve.open_archive)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("step", [1, 2, 3, 5])
def test_an_index_whose_making_was_stopped_goes_on(held: Any, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    whole = held.json("list", "--all-texts")
    held("rebuild", "demo")
    add, calls = SearchIndex.add, []

    def stopping(self: SearchIndex, *given: Any, **named: Any) -> None:
        calls.append(1)
        if len(calls) == step:
            raise KeyboardInterrupt
        add(self, *given, **named)

    monkeypatch.setattr("preserve.replay.indexing._TEXTS_A_STEP", 1)
    with monkeypatch.context() as patched:
        patched.setattr(SearchIndex, "add", stopping)
        held("list", status=130)
    assert held.json("list", "--all-texts") == whole
