"""``preserve check`` of documents that cite what is held, and what is not."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from preserve.citation.documents import rewriting
from preserve.cli.shared import document_checks
from preserve.formats.tlog.note import Signer
from preserve.provenance import session
from tests.articles import Sentence, to_pdf
from tests.kept import Beginning, beginning, served, site
from tests.layout_pages import mrkva_page
from tests.shell import Shell
from tests.site import Site

__all__ = ["beginning", "served", "site"]

PAGE = mrkva_page()
ORIGINAL = "the page is still there"


@pytest.fixture
def held(shell: Shell, site: Site, beginning: Beginning) -> Any:
    """A collection with a cable captured twice, with a word changed between."""

    def make() -> None:
        site.page("/cable", PAGE)
        shell.site_collection("demo", site, "/cable")
        shell("init", "demo")
        shell("capture", "demo")
        site.page("/cable", PAGE.replace(b"412 of them", b"413 of them"))
        shell("capture", "demo")

    beginning(shell, make, site)
    return shell


def document(shell: Shell, name: str, text: str) -> Path:
    path: Path = shell.folder / name
    path.write_text(text, encoding="utf-8")
    return path


def claims(answer: Any, number: int = 0) -> dict[str, str]:
    (file,) = answer["files"]
    return {claim["claim"]: claim["verdict"] for claim in file["citations"][number]["claims"]}


def test_a_citation_that_is_right_passes(held: Any, site: Site) -> None:
    text = f'He counted "gulls of Sampletown were counted" ([08SAMPLETOWN12]({site.url("/cable")})).\n'
    answer = held.json("check", str(document(held, "a.md", text)))
    assert claims(answer) == {
        "a copy is held": "PASS",
        "what it quotes stands in the copy": "PASS",
        "the page is as it was when cited": "NOT CHECKED",
    }


def test_a_copy_that_is_not_signed_yet_is_marked_and_not_written(
    held: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_words: object) -> bytes:
        raise OSError(28, "No space left on device")

    path = document(held, "a.html", f'<p>"414 of them" <a href="{site.url("/cable")}">here</a></p>')
    out = held.folder / "out.html"
    site.page("/cable", PAGE.replace(b"412 of them", b"414 of them"))
    with monkeypatch.context() as patch:
        patch.setattr(session, "sign_note", stopped)
        held("capture", "demo", status=None)
    answer = held.json("check", str(path))
    (citation,) = answer["files"][0]["citations"]
    assert citation["signed"] is False
    assert claims(answer)["the copy stands in the signed log"] == "NOT PROVEN"
    assert "it is under no checkpoint" in held("check", str(path), "--write", str(out))
    assert out.read_bytes() == path.read_bytes()
    held("recover", "demo")
    answer = held.json("check", str(path), "--write", str(out))
    assert answer["files"][0]["citations"][0]["signed"] is True
    assert "the copy stands in the signed log" not in claims(answer)
    assert b"data-versiondate" in out.read_bytes()


def test_where_keys_are_named_an_archive_by_another_one_fails(held: Any, site: Site) -> None:
    named = "the archive's log is one to go by"
    path = document(held, "a.md", f'He counted "gulls of Sampletown were counted" ({site.url("/cable")}).\n')
    own, other = held.folder / "own.vkey", held.folder / "other.vkey"
    own.write_text(held("key", "export", "demo"))
    other.write_text(Signer("preserve/other/12345678", Ed25519PrivateKey.generate()).vkey)
    assert claims(held.json("check", str(path), "--trust", str(own)))[named] == "PASS"
    assert claims(held.json("check", str(path), "--trust", str(other), status=1))[named] == "FAIL"
    (held.config / "trust").mkdir()
    shutil.copy(other, held.config / "trust" / "other.vkey")
    assert claims(held.json("check", str(path), status=1))[named] == "FAIL"


def test_an_archive_that_was_rolled_back_fails_whatever_it_holds(held: Any, site: Site) -> None:
    path = document(held, "a.md", f'He counted "gulls of Sampletown were counted" ({site.url("/cable")}).\n')
    shutil.copytree(held.archives / "demo", held.folder / "before")
    held("capture", "demo")
    held("verify", "demo")
    shutil.rmtree(held.archives / "demo")
    shutil.copytree(held.folder / "before", held.archives / "demo")
    assert "E-LEDGER-ROLLED-BACK" in held("check", str(path), status=1)


def test_a_wrong_quotation_fails_with_the_nearest_words(held: Any) -> None:
    path = document(held, "a.txt", "“The gulls of Sampletown were eaten” (08SAMPLETOWN12).\n")
    out = held("check", str(path), status=1)
    assert "FAIL        what it quotes stands in the copy" in out
    assert "nearest words are “The gulls of Sampletown were counted.”" in out


def test_the_capture_cited_counts_and_a_later_change_is_told(held: Any) -> None:
    first = held.json("history", "08SAMPLETOWN12")["observations"][0]
    text = f"“There are 412 of them” (08SAMPLETOWN12, record {first['record_id']}, text {first['body_sha256']}).\n"
    answer = held.json("check", str(document(held, "a.txt", text)), status=1)
    assert claims(answer) == {
        "the copy that it names is held": "PASS",
        "the digests that it names are those of the copy": "PASS",
        "what it quotes stands in the copy": "PASS",
        "the page is as it was when cited": "FAIL",
    }
    assert answer["files"][0]["citations"][0]["record_id"] == first["record_id"]


def test_a_quotation_from_another_capture_than_the_one_cited_is_said_to_be(held: Any) -> None:
    out = held("check", str(document(held, "a.txt", "“There are 412 of them” (08SAMPLETOWN12).\n")))
    assert "and not in that of" in out


def test_a_wrong_digest_and_a_record_that_is_not_held_fail(held: Any) -> None:
    text = (
        f"08SAMPLETOWN12, SHA-256 of the text {'0' * 64}.\n\n"
        "Nothing, record urn:uuid:00000000-0000-4000-8000-000000000000.\n"
    )
    answer = held.json("check", str(document(held, "a.txt", text)), status=1)
    assert claims(answer)["the digests that it names are those of the copy"] == "FAIL"
    assert claims(answer, 1) == {"the copy that it names is held": "FAIL"}


def test_what_is_not_held_is_said_and_is_no_fault(held: Any) -> None:
    answer = held.json("check", str(document(held, "a.txt", "See https://elsewhere.example/x and 09NOWHERE1.\n")))
    assert [claims(answer, number) for number in (0, 1)] == [{"a copy is held": "NOT CHECKED"}] * 2


def test_our_own_citations_are_found_in_every_form(held: Any) -> None:
    for form, name in (("bibtex", "a.bib"), ("text", "a.txt"), ("markdown", "a.md"), ("html", "a.html")):
        answer = held.json("check", str(document(held, name, held("cite", "08SAMPLETOWN12", "--format", form))))
        assert "PASS" in set(claims(answer).values()), form
        assert len(answer["files"][0]["citations"]) == 1, (form, answer)


def test_a_title_as_styles_print_it_is_no_quotation(held: Any) -> None:
    quoted = "what it quotes stands in the copy"
    for form in ("text", "chicago-notes", "chicago-author-date", "mla", "ieee", "harvard", "turabian", "oscola"):
        answer = held.json("check", str(document(held, "a.txt", held("cite", "08SAMPLETOWN12", "--format", form))))
        assert quoted not in claims(answer), form
    # Other words in the same place are a quotation, and so are a title's words with more behind them.
    for words in ("The Gulls of Sampletown Were Eaten,", "THE ANNUAL GULL COUNT AND WHAT IT MEANS,"):
        path = document(held, "a.txt", f"Embassy, “{words}” 08SAMPLETOWN12.\n")
        assert claims(held.json("check", str(path), status=1))[quoted] == "FAIL"


def test_a_pages_own_title_is_no_quotation(shell: Shell, site: Site) -> None:
    body = b"<title>How to  Count Gulls | The Sampletown Post</title><p>There are many gulls on the roofs here.</p>"
    site.page("/gulls", body)
    shell.site_collection("demo", site, "/gulls")
    shell("init", "demo")
    shell("capture", "demo")
    for words in ("How to Count Gulls,", "How to count gulls | The Sampletown Post.", "How to Count…"):
        path = document(shell, "a.txt", f"“{words}” {site.url('/gulls')}, says “many gulls on the roofs”.\n")
        answer = shell.json("check", str(path))
        (file,) = answer["files"]
        told = [each for each in file["citations"][0]["claims"] if each["claim"] == "what it quotes stands in the copy"]
        assert [each["detail"].partition("”")[0] for each in told] == ["“many gulls on the roofs"]


def test_a_key_stands_for_its_entry(held: Any, site: Site) -> None:
    bib = document(held, "r.bib", f"@misc{{gulls, url = {{{site.url('/cable')}}}, urldate = {{2100-01-01}}}}\n")
    tex = document(held, "a.tex", "He says ``the gulls of Sampletown'' \\autocite{gulls} and more.\n")
    answer = held.json("check", str(tex), str(bib), status=1)
    quoted, entries = answer["files"]
    assert [claim["verdict"] for claim in quoted["citations"][0]["claims"]] == ["PASS", "FAIL", "NOT CHECKED"]
    assert entries["citations"] == []


def test_an_archives_address_and_a_text_fragment_are_understood(held: Any, site: Site) -> None:
    text = (
        f"https://web.archive.example/web/21000101000000id_/{site.url('/cable')}\n\n"
        f"{site.url('/cable')}#:~:text=gulls%20of%20Sampletown,counted\n"
    )
    answer = held.json("check", str(document(held, "a.txt", text)))
    assert claims(answer)["a copy is held"] == "PASS"
    assert claims(answer, 1)["what it quotes stands in the copy"] == "PASS"


def test_documents_are_written_back_with_their_copies(held: Any, site: Site) -> None:
    config = (held.config / "collections" / "demo.yaml").read_text("utf-8")
    held.collection("demo", config + "public_url: https://archive.example.org/demo\n")
    url = site.url("/cable")
    page = document(held, "a.html", f'<p><a href="{url}">it</a> <a href="https://other.example/">no</a></p>\n')
    out = held.folder / "b.html"
    held("check", str(page), "--write", str(out))
    written = out.read_text("utf-8")
    assert f'<a href="{url}" data-originalurl="{url}" data-versionurl="https://archive.example.org/demo/' in written
    assert '<a href="https://other.example/">no</a>' in written
    bib = document(held, "a.bib", f"@misc{{a, url = {{{url}}}}}\n")
    held("check", str(bib), "--write", str(held.folder / "b.bib"))
    assert "archiveurl = {https://archive.example.org/demo/" in (held.folder / "b.bib").read_text("utf-8")
    # Again, it changes nothing.
    held("check", str(out), "--write", str(held.folder / "c.html"))
    assert (held.folder / "c.html").read_text("utf-8") == written


def test_one_failure_of_the_original_is_no_death(held: Any, site: Site) -> None:
    path = document(held, "a.txt", f"See {site.url('/cable')}.\n")
    alive = held.json("check", str(path), "--live", "--delay", "0")
    assert claims(alive)[ORIGINAL] == "PASS"
    site.page("/cable", b"<title>404 Not Found</title>", status="404 Not Found")
    once = held.json("check", str(path), "--live", "--delay", "0")
    assert claims(once)[ORIGINAL] == "NOT PROVEN"
    again = held.json("check", str(path), "--live", "--delay", "0")
    assert claims(again)[ORIGINAL] == "NOT PROVEN"


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("page", "status", "verdict", "word"),
    [
        (PAGE.replace(b"412 of them", b"414 of them"), "200 OK", "FAIL", "different from the copy"),
        (b"<title>404 Not Found</title><p>Not found</p>", "200 OK", "FAIL", "soft-404"),
        (b"<title>Just a moment...</title>_cf_chl_opt", "403 Forbidden", "NOT PROVEN", "challenge cloudflare"),
    ],
)
def test_what_the_original_shows_is_told_apart(
    held: Any, site: Site, page: bytes, status: str, verdict: str, word: str
) -> None:
    site.page("/cable", page, status=status)
    answer = held.json("check", str(document(held, "a.txt", site.url("/cable"))), "--live", "--delay", "0", status=None)
    (claim,) = [c for c in answer["files"][0]["citations"][0]["claims"] if c["claim"] == ORIGINAL]
    assert claim["verdict"] == verdict
    assert word in claim["detail"]


def test_a_pdf_is_told_by_its_pages(held: Any, site: Site) -> None:
    path = held.folder / "a.pdf"
    path.write_bytes(to_pdf([Sentence("See 08SAMPLETOWN12 or", "", site.url("/cable"))]))
    out = held("check", str(path), status=None)
    assert "page 1: " in out
    assert "PASS" in out


def test_entries_and_keys_that_lead_nowhere_are_told(held: Any, site: Site) -> None:
    bib = document(
        held,
        "r.bib",
        f"@misc{{a, url={{{site.url('/cable')}}}}}\n@book{{b}}\n@misc{{c, title={{C\n\n@misc{{d, url={{x}}}}\n",
    )
    out = held("check", str(bib), status=None)
    assert "cannot be read: entry c (line 3)" in out
    assert "4 entries: 1 page, 1 book, 1 misc, 1 unreadable" in out
    tex = document(held, "a.tex", "One \\cite{a,none}.\n\nTwo \\cite{none} \\nocite{*}, \\parencite{c}.\n")
    both = held("check", str(tex), str(bib), status=None)
    assert "cited without an entry: none (line 1)" in both
    assert both.count("none (line") == 1
    answer = held.json("check", str(tex), str(bib), status=None)
    assert [each["key"] for each in answer["files"][0]["keys_without_entry"]] == ["none", "c"]
    assert answer["files"][1]["entries"] == {"page": 1, "book": 1, "misc": 1, "unreadable": 1}


def test_markdown_and_latex_are_written_back_with_links_to_the_copies(held: Any, site: Site) -> None:
    config = (held.config / "collections" / "demo.yaml").read_text("utf-8")
    url = site.url("/cable")
    for name, text, put_in in (
        ("a.md", f"See [it]({url}), so.\n", r"See \[it\]\([^()]*\) \(<a href=\"{}\"[^<>]*>{}</a>\), so\.\n"),
        ("a.tex", f"See \\url{{{url}}}, so.\n", r"See \\url\{{[^{{}}]*\}} \(archived copy of {}\), so\.\n"),
    ):
        path, out = document(held, name, text), held.folder / f"out-{name}"
        held.collection("demo", config)
        held("check", str(path), "--write", str(out))
        day = r"\d{4}-\d\d-\d\d"
        shown = (re.escape(url), f"captured {day}") if name == "a.md" else (day,)
        assert re.fullmatch(put_in.format(*shown), out.read_text("utf-8"))
        held.collection("demo", config + "public_url: https://archive.example.org/demo\n")
        held("check", str(path), "--write", str(out))
        copy = rf"https://archive\.example\.org/demo/\d{{14}}/{re.escape(url)}"
        shown = (copy, "archived copy") if name == "a.md" else (rf"{day}: \\url\{{{copy}\}}",)
        assert re.fullmatch(put_in.format(*shown), out.read_text("utf-8")), out.read_text("utf-8")
        written = out.read_bytes()
        held("check", str(out), "--write", str(out))
        assert out.read_bytes() == written


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("a.rtf", 2, "no document that can be read"),
        ("a.odt", 2, "document is damaged"),
        ("a.epub", 2, "document is damaged"),
        ("a.pdf", 2, "no PDF that can be read"),
        ("a.json", 2, "it is no JSON"),
        ("a.docx", 2, "document is damaged"),
        ("missing.md", 3, "there is no file"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(held: Any, name: str, status: int, words: str) -> None:
    path = held.folder / name
    if "missing" not in name:
        path.write_bytes(b"rubbish")
    held("check", str(path), status=status)
    assert words in held.errors


def test_a_text_cannot_be_written_back(held: Any) -> None:
    path = document(held, "a.txt", "08SAMPLETOWN12")
    held("check", str(path), "--write", str(held.folder / "b.txt"), status=2)
    assert "cannot be written back" in held.errors
    assert not (held.folder / "b.txt").exists()


def test_a_document_written_back_in_place_keeps_its_mode_and_its_link(held: Any, site: Site) -> None:
    real = held.folder / "real.md"
    real.write_text(f"See {site.url('/cable')}.\r\n", "utf-8", newline="")
    real.chmod(0o600)
    link = held.folder / "link.md"
    link.symlink_to(real)
    held("check", str(link), "--write", str(link))
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert "data-originalurl" in real.read_text("utf-8")
    real.chmod(0o444)
    held("check", str(link), "--write", str(link), status=7)
    assert "is read-only" in held.errors


def test_a_document_that_is_saved_meanwhile_is_left_alone(
    held: Any, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = held.folder / "draft.md"
    path.write_text(f"See {site.url('/cable')}.\n", "utf-8")
    real = rewriting.rewritten

    def saved(*given: Any) -> bytes:
        path.write_text("Saved by its writer.\n", "utf-8")
        return real(*given)

    monkeypatch.setattr(document_checks, "rewritten", saved)
    held("check", str(path), "--write", str(path), status=2)
    assert "was changed while it was checked" in held.errors
    assert path.read_text("utf-8") == "Saved by its writer.\n"
    assert [each.name for each in held.folder.glob(".draft*")] == []
