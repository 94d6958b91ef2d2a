import html
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preserve.cables.extract import Extraction, extract
from preserve.cables.page.fields import FieldValue
from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.config.folder import load_layouts
from preserve.provenance.describe import describe_cable
from tests.examples import examples

LAYOUT: Layout = compile_layouts(load_layouts(Path(__file__).parents[3] / "config"))["mrkva"]
NOTE = "This record is a partial extract of the original cable. The full text of the original cable is not available."
TITLE = "A MADE-UP MATTER & ITS 2 ENDS"
FIELDS = [
    ("Identifier", "07SAMPLETOWN123"),
    ("Wikileaks", "View 07SAMPLETOWN123 at Wikileaks.org"),
    ("Origin", "Embassy Sampletown"),
    ("Created", "2007-03-04 05:06:00"),
    ("Classification", "UNCLASSIFIED"),
    ("Tags", "PREL Fair Winds ZZ"),
    ("Redacted", "This cable was not redacted at all."),
]
BODY = (
    "UNCLAS  SAMPLETOWN 000123 \n \nSIPDIS \n \n \nTAGS: PREL, Fair Winds, ZZ \nSUBJECT: A MADE-UP MATTER \n"
    "& ITS 2 ENDS \n \n1. (U) It <really> rained.  Then \n \nit did not. \n \nDOE \n \n \nNNNN "
)
LAST = "Latest source of this page is samplebrowser-1, released 2011-10-04"
EXPECTED = {
    "identifier": "07SAMPLETOWN123",
    "origin": "Embassy Sampletown",
    "created": "2007-03-04 05:06:00",
    "classification": "UNCLASSIFIED",
    "tags": "PREL Fair Winds ZZ",
    "redacted_note": "This cable was not redacted at all.",
    "partial_note": NOTE,
    "source": "samplebrowser-1",
    "source_released": "2011-10-04",
}


def escaped(text: str) -> str:
    return html.escape(text, quote=False)


def wrapped(inner: str) -> bytes:
    return f"<!DOCTYPE html><html><head><title>x</title></head><body>\n{inner}\n</body></html>".encode()


def read(payload: bytes) -> Extraction:
    extraction = extract(payload, "text/html; charset=utf-8", [LAYOUT])
    assert extraction is not None
    return extraction


def printed(extraction: Extraction) -> dict[str, str]:
    return {name: field.printed for name, field in extraction.fields.items()}


# The forms of the parts of a page. Each closes what it opens and begins and ends at the start of a line, or of a block.
FIELD_FORMS: dict[str, Callable[[list[tuple[str, str]]], str]] = {
    "table": lambda f: (
        "<table>\n" + "".join(f"  <tr>\n <td>{k}:</td>\n <td>{v}</td>\n </tr>\n" for k, v in f) + "</table>\n"
    ),
    "table without end tags": lambda f: "<table>" + "".join(f"<tr><th>{k}<td>{v}" for k, v in f) + "</table>",
    "table with links": lambda f: (
        "<table border=0>"
        + "".join(f"<tr><td><b>{k}:</b></td>\n<td><a href='?q={v}'>{v}</a>\n</td></tr>" for k, v in f)
        + "</table>"
    ),
    "dl": lambda f: "<dl>" + "".join(f"<dt>{k}</dt><dd>{v}</dd>" for k, v in f) + "</dl>",
    "dl in lines": lambda f: "<dl>\n" + "".join(f"  <dt>{k}:\n  <dd>\n    {v}\n" for k, v in f) + "</dl>\n",
    "divs": lambda f: "".join(f"<div>{k}: {v}</div>\n" for k, v in f),
    "two divs": lambda f: "".join(f"<div><div>{k}:</div> <div>{v}</div></div>\n" for k, v in f),
    "list": lambda f: "<ul>\n" + "".join(f"<li><strong>{k}</strong>: {v}</li>\n" for k, v in f) + "</ul>",
    "spans": lambda f: "".join(f"<span>{k}:</span> <span>{v}</span> " for k, v in f) + "<br>",
    "span lines": lambda f: "".join(f"<span class=k>{k}: </span><span>{v}</span><br/>\n" for k, v in f),
    "lines": lambda f: "".join(f"{k}: {v}<br>\n" for k, v in f),
    "label over value": lambda f: "".join(f"<b>{k}:</b><br>{v}<br>" for k, v in f),
    "pre": lambda f: "<pre>" + "".join(f"{k}:\t{v}\n" for k, v in f) + "</pre>",
}
BODY_FORMS: dict[str, Callable[[str], str]] = {
    "pre": lambda b: f"<pre>{b}</pre>",
    "pre in lines": lambda b: f"<pre>\n{b}\n</pre>",
    "br": lambda b: "<div>" + b.replace("\n", "<br>") + "</div>",
    "nl2br": lambda b: "<div>" + b.replace("\n", "<br />\n") + "</div>",
    "nl2br crlf": lambda b: "<p>" + b.replace("\n", "<br />\r\n") + "<br />\r\n</p>",
    "nl2br in a cell": lambda b: "<table><tr><td>\n" + b.replace("\n", "<br>\n") + "<br>\n  </td></tr></table>",
    "line ends": lambda b: f"<div style='white-space: pre-wrap'>{b}\n  </div>",
    "divs": lambda b: "".join(f"<div>{line}</div>\n" for line in b.split("\n")),
    "spans": lambda b: "<br>".join(f"<span>{line}</span>" for line in b.split("\n")) + "<br>",
    "code": lambda b: "<code>" + b.replace("\n", "<br>") + "</code><br><br>",
}
NOTE_FORMS = {
    "p": "<p>{}</p>\n",
    "line": "{}<br><br>\n",
    "div": "<div class='note'>\n  {}\n</div>\n",
    "i": "<i>{}</i><br>",
}
LAST_FORMS = {"p": "<p>{}</p>", "line": "<br>\n<br>\n{}<br>", "small": "<div><small>{}</small></div>", "hr": "<hr>{}"}
TITLE_FORMS = {
    "h1": "<h1>{}</h1>\n",
    "div": "<div>text before</div>\n<div>\n  {}\n</div>",
    "line": "<p>b</p><b>{}</b><br><br>",
}


def page(*, fields: str, body: str, note: str, last: str, title: str, has_note: bool, text: str = BODY) -> bytes:
    return wrapped(
        TITLE_FORMS[title].format(escaped(TITLE))
        + FIELD_FORMS[fields]([(key, escaped(value)) for key, value in FIELDS])
        + (NOTE_FORMS[note].format(NOTE) if has_note else "")
        + BODY_FORMS[body](escaped(text))
        + LAST_FORMS[last].format(LAST)
    )


@pytest.mark.parametrize("body", BODY_FORMS)
@pytest.mark.parametrize("fields", FIELD_FORMS)
def test_every_form_gives_the_same_fields_and_the_same_text(fields: str, body: str) -> None:
    got = read(page(fields=fields, body=body, note="p", last="p", title="h1", has_note=True))
    assert got.body == BODY
    assert printed(got) == EXPECTED
    assert got.title == TITLE
    assert got.findings == ()


LINES = st.lists(
    st.sampled_from(
        ["", " ", "UNCLAS ONE 000001 ", "two  words ", "  indented", "a < b & <c>", "¶ é", "TAGS: ZZ, YY ", "x: y"]
    ),
    max_size=12,
).map("\n".join)


@settings(deadline=None, max_examples=examples(150))
@given(
    fields=st.sampled_from(sorted(FIELD_FORMS)),
    body=st.sampled_from(sorted(BODY_FORMS)),
    note=st.sampled_from(sorted(NOTE_FORMS)),
    last=st.sampled_from(sorted(LAST_FORMS)),
    title=st.sampled_from(sorted(TITLE_FORMS)),
    has_note=st.booleans(),
    lines=LINES,
)
def test_any_mixture_of_forms_gives_the_same(
    *, fields: str, body: str, note: str, last: str, title: str, has_note: bool, lines: str
) -> None:
    # In forms with one element a line an empty line is an element without content, which shows nothing.
    text = "UNCLAS SAMPLETOWN 000123 \n" + (lines.replace("\n\n", "\n \n") if body == "divs" else lines) + "\nNNNN "
    if body == "divs":
        text = "\n".join(line or " " for line in text.split("\n"))
    payload = page(fields=fields, body=body, note=note, last=last, title=title, has_note=has_note, text=text)
    got = read(payload)
    assert got.body == text
    assert printed(got) == (EXPECTED if has_note else {k: v for k, v in EXPECTED.items() if k != "partial_note"})
    assert got.title == TITLE
    start = text.index("NNNN")
    first, end = got.body_map.bytes_of(start, start + 4)
    assert payload[first:end] == b"NNNN"


def test_values_and_claims() -> None:
    got = read(page(fields="table", body="pre", note="p", last="p", title="h1", has_note=True))
    assert got.fields["created"] == FieldValue(
        printed="2007-03-04 05:06:00", value="2007-03-04T05:06", precision="minute"
    )
    assert got.fields["partial_note"].source == "sentence"
    assert msgspec.to_builtins(describe_cable("urn:uuid:1", None, got).claims) == {
        "redacted_note": {"printed": "This cable was not redacted at all.", "value": None},
        "partial_note": {"printed": NOTE, "value": None},
        "source": {"printed": "samplebrowser-1", "value": None},
        "source_released": {"printed": "2011-10-04", "value": "2011-10-04"},
    }
    assert [tag.text for tag in got.message.tags] == ["PREL", "Fair Winds", "ZZ"]
    assert got.message.signature is not None
    assert got.message.end_mark is not None
    assert (got.message.signature.text, got.message.end_mark.text) == ("DOE", "NNNN")
    assert got.canonical_id == "07SAMPLETOWN123"
    assert got.header_text is None


def test_sentences_inside_the_text_stay_there() -> None:
    text = f"UNCLAS 1 \n{NOTE}\n{LAST}\nNNNN "
    got = read(page(fields="lines", body="nl2br", note="p", last="line", title="h1", has_note=False, text=text))
    assert got.body == text
    assert "partial_note" not in got.fields


@pytest.mark.parametrize("note", [NOTE, ""])
def test_labels_inside_the_text_stay_there(note: str) -> None:
    text = "UNCLAS 1 \nTags: ZZ \nOrigin: elsewhere \nIdentifier: 99NOWHERE1"
    short = [field for field in FIELDS if field[0] not in {"Tags", "Origin"}]
    inner = FIELD_FORMS["lines"](short) + note + "<br>" + BODY_FORMS["br"](text) + LAST
    got = read(wrapped(inner))
    assert got.body == text
    assert got.published_id == "07SAMPLETOWN123"
    assert not {"tags", "origin"} & set(got.fields)


@pytest.mark.parametrize("form", sorted(set(FIELD_FORMS) - {"label over value", "spans"}))
def test_an_unknown_label_between_is_passed_over_and_an_empty_value_is_none(form: str) -> None:
    fields = [FIELDS[0], ("Mood", "fair"), FIELDS[2], ("Tags", ""), FIELDS[6]]
    got = read(wrapped(FIELD_FORMS[form](fields) + f"<p>{NOTE}</p><pre>text</pre>{LAST}"))
    assert printed(got) == {k: v for k, v in EXPECTED.items() if k not in {"tags", "created", "classification"}}
    assert got.body == "text"


def test_the_link_gives_the_identifier_where_the_first_is_empty() -> None:
    fields = [("Identifier", ""), *FIELDS[1:]]
    got = read(wrapped(FIELD_FORMS["table"](fields) + f"<pre>text</pre>{LAST}"))
    assert got.published_id == "07SAMPLETOWN123"


def test_markup_kept_as_text_is_reported() -> None:
    got = read(wrapped(FIELD_FORMS["lines"](FIELDS) + f"<pre>to <Israel> and &lt;b&gt;</pre>{LAST}"))
    assert got.body == "to <Israel> and <b>"
    assert [(finding.code, finding.detail) for finding in got.findings] == [("I-CABLE-TAG", "1: <Israel>")]


def test_a_page_without_text_or_other_fields() -> None:
    got = read(wrapped(f"Identifier: 07SAMPLETOWN123<br>text<br>{LAST}"))
    assert [finding.code for finding in got.findings] == ["W-CABLE-NO-TABLE"]
    got = read(wrapped(FIELD_FORMS["lines"](FIELDS) + LAST))
    assert [finding.code for finding in got.findings] == ["W-CABLE-EMPTY"]
    assert got.body == ""


@pytest.mark.parametrize(
    "inner",
    [
        "",
        f"Identifier: <br>Classification: UNCLASSIFIED<br>{LAST}",
        "Identifier: 07SAMPLETOWN123<br>Classification: x",
        f"<script>Identifier: 07SAMPLETOWN123</script>{LAST}",
        f"<!-- Identifier: 07SAMPLETOWN123 -->{LAST}",
    ],
)
def test_other_pages_are_none(inner: str) -> None:
    assert extract(wrapped(inner), None, [LAYOUT]) is None


def test_pages_in_other_encodings() -> None:
    inner = FIELD_FORMS["lines"](FIELDS) + f"<pre>caf\u00e9 \u201cx\u201d</pre>{LAST}"
    for encoding, content_type in [
        ("windows-1252", "text/html; charset=iso-8859-1"),
        ("utf-16", None),
        ("utf-8-sig", None),
    ]:
        payload = inner.encode(encoding)
        got = extract(payload, content_type, [LAYOUT])
        assert got is not None
        assert got.body == "caf\u00e9 \u201cx\u201d"
        first, end = got.body_map.bytes_of(3, 4)
        assert payload[first:end] == "\u00e9".encode(
            {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
        )


def test_what_a_page_hides_is_no_text() -> None:
    hidden = "<select><option>one<select>two</select></select><template>three</template><svg/><svg>four</svg>"
    got = read(wrapped(FIELD_FORMS["lines"](FIELDS) + f"<div>text{hidden}</div></pre></table></dl>{LAST}"))
    assert got.body == "text"


def test_a_value_that_is_no_identifier_is_passed_over() -> None:
    got = read(
        wrapped(f"Identifier: none at all<br>Identifier: 07SAMPLETOWN123<br>Origin: <br>{NOTE}<br>text<br>{LAST}")
    )
    assert printed(got) == {k: EXPECTED[k] for k in ("identifier", "partial_note", "source", "source_released")}
    assert got.body == "text"


def test_furniture_does_not_enter_the_text() -> None:
    plain = page(fields="table", body="pre", note="p", last="p", title="h1", has_note=True)
    later = plain.replace(b"<body>", b"<body><p>A word of warning: read on.</p>")
    assert later != plain
    one, two = read(plain), read(later)
    assert one.body_sha256 == two.body_sha256
    assert one.raw_sha256 != two.raw_sha256
    assert one.title == two.title
