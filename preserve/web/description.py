"""The desk's interface for programs as an OpenAPI 3.1 document.

Tested by ``tests/scenarios/test_desk_machines.py``.
"""

from typing import Final

from preserve import __version__

_QUERY: Final = (
    ("q", "Words, phrases in quotation marks, beginnings with a star; or an id in any spelling."),
    ("origin", "A whole origin. May be given again, as the other facets."),
    ("class", "A whole classification."),
    ("tag", "A whole tag."),
    ("year", "The year of the document."),
    ("source", "The source that the page names."),
    ("redacted", "yes or no: whether the text has redaction marks."),
    ("-origin", "An origin that is left out; every facet has such a form."),
    ("collection", "Only this collection."),
    ("from", "Documents of this date (2005, 2005-03, 2005-03-14) or later."),
    ("to", "Documents of this date or earlier."),
    ("sort", "rank, newest, oldest or id."),
    ("size", "Hits on a page: 20, 50 or 100."),
    ("after", "The end of the page before, as its answer gives it."),
)
_PICTURES: Final = (
    ("url", "The page's address."),
    ("a", "The record of the first capture; left out: of the one before the second."),
    ("b", "The record of the second capture; left out: of the newest with pictures."),
    ("kind", "view (the window) or fullPageFinal (the whole page)."),
)
_PAGES: Final = (
    ("/index.json", "The collections, what they hold, and how they were checked.", ()),
    ("/search.json", "Hits with passages, counts of facets and by month.", _QUERY),
    ("/search.csv", "All hits as CSV.", _QUERY),
    ("/search.jsonl", "All hits as JSON Lines.", _QUERY),
    ("/search.ris", "All hits as RIS.", _QUERY),
    ("/search.bib", "All hits as BibTeX.", _QUERY),
    ("/search.atom", "The first hits as an Atom feed.", _QUERY),
    ("/cable/{id}.json", "One cable: text, fields, verdicts, captures, references.", ()),
    ("/cable/{id}/text", "The text as it stands, in UTF-8.", ()),
    ("/cable/{id}/at/{capture}.json", "The same at a time, or as one record shows it.", ()),
    ("/cable/{id}/history.json", "Every capture, with the class of each difference.", ()),
    ("/cable/{id}/diff/{captures}.json", "Two captures (A..B) compared word by word.", ()),
    ("/cable/{id}/cite/{form}", "A citation: ris, bibtex, biblatex, csl-json, text and others.", ()),
    ("/cable/{id}/capsule.zip", "The proof of a passage.", (("paragraph", "Its number."), ("quote", "Its words."))),
    ("/cable/{id}/linkset.json", "Typed links (RFC 9264).", ()),
    ("/graph/{id}.json", "What a cable cites, and what cites it.", ()),
    (
        "/replay.json",
        "Where a captured page is shown as it was.",
        (("url", "Its address."), ("at", "A time, a record.")),
    ),
    (
        "/page.json",
        "A captured page as text, and what became of its address.",
        (("url", "Its address."), ("at", "A time, a record.")),
    ),
    ("/page/pictures.json", "Pictures of two captures of a page compared.", _PICTURES),
    ("/page/changed", "The changed pixels of them, marked (PNG).", _PICTURES),
    ("/record/{uuid}.json", "One record, with its statement.", ()),
    ("/statement/{collection}/{number}.json", "One statement, with its proof.", ()),
    ("/statement/{collection}/{number}/entry", "The bytes of a statement.", ()),
    ("/statement/{collection}/{number}/proof", "The proof that it is in the log (c2sp.org/tlog-proof@v1).", ()),
    ("/checkpoint/{collection}", "The newest checkpoint, signed.", ()),
    ("/collection/{collection}.json", "How a collection is doing.", ()),
    ("/wacz/{collection}.wacz", "A collection as a WACZ package; in ranges.", ()),
    ("/releases.json", "Releases that pages claim, and contradictions.", ()),
    ("/healthz", "Whether archives can be opened.", ()),
)


def description(base: str) -> dict[str, object]:
    """The document. ``base``: where this desk is reached."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "preserve, the desk",
            "version": __version__,
            "description": "What web archives hold, to read. Everything answers GET and HEAD; nothing is changed.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base or "/"}],
        "paths": {path: {"get": _operation(path, told, named)} for path, told, named in _PAGES},
        "components": {
            "schemas": {
                "Problem": {
                    "type": "object",
                    "properties": {
                        "status": {"type": "integer"},
                        "error": {"type": "string"},
                        "next_step": {"type": "string"},
                    },
                    "required": ["status", "error", "next_step"],
                }
            }
        },
    }


def _operation(path: str, told: str, named: tuple[tuple[str, str], ...]) -> dict[str, object]:
    in_path = [part.partition("}")[0] for part in path.split("{")[1:]]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path] + [
        {"name": name, "in": "query", "required": False, "description": said, "schema": {"type": "string"}}
        for name, said in named
    ]
    problem = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {
        "operationId": "get" + "".join(part.capitalize() for part in path.replace("{", "").replace("}", "").split("/")),
        "summary": told,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Found."},
            "304": {"description": "As the reader has it."},
            "400": {"description": "This cannot be asked.", **problem},
            "404": {"description": "Not held.", **problem},
            "451": {"description": "Held, and not shown.", **problem},
            "500": {"description": "FAIL: it is not what the ledger names.", **problem},
            "503": {"description": "It would take too long, or cannot be read now.", **problem},
        },
    }
