"""The page of a capsule that a browser shows: the passage in its text, who captured it, and the chain of proof.

It is made of nothing but the capsule's other files, so that it can be made again and compared. It has no script and
asks for nothing: it opens from the folder that the ZIP was unpacked to.

Tested by ``tests/scenarios/test_capsules.py``.
"""

import html
from collections.abc import Mapping
from typing import Final

from preserve.citation.capsule import check_capsule
from preserve.formats.tlog.files import parse_checkpoint, parse_proof
from preserve.formats.tlog.note import parse_note
from preserve.provenance.receipts import read_reply

_SHOWN_CHARS: Final = 100_000
"""Characters of the text before and behind the passage that are shown; the whole text is in ``text.txt``."""
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff }}
blockquote {{ border-left: .3rem solid #856404; margin-left: 0; padding-left: 1rem; white-space: pre-wrap }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #888; padding: 1rem; max-height: 40rem;
  overflow: auto }}
mark {{ background: #ffe08a; color: #111 }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ border: 1px solid #888; padding: .3rem .5rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere }}
svg {{ width: 100%; height: auto }}
svg rect {{ fill: #f4f1ea; stroke: #444 }}
svg text {{ font: 12px sans-serif; fill: #111 }}
svg text.head {{ font-weight: bold }}
svg path {{ stroke: #444; fill: none }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<h2>The passage</h2>
<blockquote>{exact}</blockquote>
<p>{place}. <a href="#passage">Show it in the text.</a></p>
<h2>Where it comes from</h2>
<table>
{facts}
</table>
<h2>The chain of proof</h2>
{drawing}
<h2>What this shows, and what it does not</h2>
<table>
<tr><th scope="row">Proved by the files here</th><td>{proved}</td></tr>
<tr><th scope="row">Asserted, by whoever kept the archive</th><td>{asserted}</td></tr>
<tr><th scope="row">Shown by nothing here</th>
<td>that the origin really sent these bytes: compare independent captures</td></tr>
</table>
<p>This page proves nothing by itself: it is made from the other files, and only <code>preserve check CAPSULE</code>
makes it again and compares it. To check the proof without this page or that program, see
<a href="readme.txt">readme.txt</a>.</p>
<h2>The text</h2>
<pre>{before}<mark id="passage">{exact}</mark>{behind}</pre>
</main>
</body>
</html>
"""


def index_page(files: Mapping[str, bytes]) -> str:
    """The text of ``index.html``, from the other files of a capsule.

    Raises:
        Bad, FormatError, KeyError, TypeError, ValueError: they are not those of a capsule.
    """
    citation, record = (check_capsule.read_json(files[f"{name}.json"]) for name in ("citation", "record"))
    place, quote, _span = check_capsule.read_json(files["selector.json"])["selector"]
    text = files["text.txt"].decode("utf-8")
    start, end = place["start"], place["end"]
    first, last = max(0, start - _SHOWN_CHARS), end + _SHOWN_CHARS
    is_cable, source = "cable.json" in files, "source" if "source.json" in files else "record"
    checkpoint = parse_checkpoint(parse_note(files["checkpoint"]).text)
    hand = check_capsule.second_hand(dict(files))[0]
    facts = {
        "Page": check_capsule.address(dict(files)),
        **({"Cable": str(citation["number"])} if is_cable else {}),
        "Captured": str(record["date"]),
        **({"Second hand": hand} if hand else {}),
        "By": f"the archive {checkpoint.origin}, in its run {record['run']}",
        "Record": str(record["record_id"]),
        "SHA-256 of the record": str(check_capsule.read_json(files[f"{source}.json"])["record_sha256"]),
        "SHA-256 of the text": check_capsule.sha256(files["text.txt"]),
        **{f"Time stamp {n}": said for n, said in enumerate(_times(files), 1)},
    }
    words = "text and " if is_cable else ""
    proved = (
        f"the record's bytes are those that the log states; {words}record stand in the log; its checkpoint is signed; "
        "the quoted words stand in the text at this place"
    )
    asserted = "title, author and dates of the document; the date of capture; the address"
    if not is_cable:
        asserted += "; that the text is what the page shows: the log states no text of a page that is no cable"
    return _PAGE.format(
        title=_shown(str(citation["title"])),
        exact=_shown(quote["exact"]),
        place=_shown(str(citation["custom"]["passage"])[:1].upper() + str(citation["custom"]["passage"])[1:]),
        facts="\n".join(
            f'<tr><th scope="row">{_shown(name)}</th><td>{_shown(value)}</td></tr>' for name, value in facts.items()
        ),
        drawing=_drawing(files, checkpoint.origin, checkpoint.size),
        proved=_shown(proved),
        asserted=_shown(asserted),
        before=("[…] " if first else "") + _shown(text[first:start]),
        behind=_shown(text[end:last]) + (" […]" if last < len(text) else ""),
    )


def _times(files: Mapping[str, bytes]) -> list[str]:
    """What each receipt says: when its authority saw the log."""
    said = []
    for name in sorted(name for name in files if name.endswith(".tsr")):
        size, authority, _end = name.split(".")
        moment = read_reply(files[name], files[f"{size}.checkpoint"]).moment
        said.append(f"{authority} saw the log with {size} statements before {moment:%Y-%m-%d %H:%M:%S} UTC")
    return said


def _drawing(files: Mapping[str, bytes], origin: str, size: int) -> str:
    """The chain as a drawing: records and text to their statements, these to the checkpoint, that to key and times."""
    proved = [name for name in ("record", "source", "cable", "memento", "import") if f"{name}.json" in files]
    boxes, lines = [], []
    for number, name in enumerate(proved):
        y = 10 + number * 80
        said = check_capsule.read_json(files[f"{name}.json"])
        index = parse_proof(files[f"{name}.tlog-proof"]).index
        what = {"cable": "Text", "memento": "Served by", "import": "Imported from"}.get(name, f"Raw {name}")
        detail = {
            "cable": f"SHA-256 {str(said.get('body_sha256'))[:16]}…",
            "memento": str(said.get("archive_title"))[:30],
            "import": str(said.get("source"))[:30],
        }.get(name, f"SHA-256 {str(said.get('record_sha256'))[:16]}…")
        boxes += [_box(10, y, what, detail), _box(260, y, f"Statement {index}", f"{name}.json")]
        lines += [_line(210, y + 30, 260, y + 30), _line(460, y + 30, 510, 40)]
    receipts = [name for name in files if name.endswith(".tsr")]
    boxes += [
        _box(510, 10, f"Checkpoint, size {size}", origin[:30]),
        _box(510, 90, "Signed by the log's key", files["log.vkey"].decode("ascii", "replace").strip()[-24:]),
        _box(510, 170, "Time stamps", f"{len(receipts)} in here"),
    ]
    lines += [_line(610, 70, 610, 90), _line(610, 150, 610, 170)]
    height = max(80 * len(proved), 240) + 10
    return (
        f'<svg viewBox="0 0 720 {height}" role="img" aria-labelledby="chain">\n'
        '<title id="chain">Record and text lead to their statements, these to the checkpoint, which is signed</title>\n'
        + "\n".join([*lines, *boxes])
        + "\n</svg>"
    )


def _box(x: int, y: int, head: str, detail: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="200" height="60" rx="4"/>'
        f'<text class="head" x="{x + 10}" y="{y + 24}">{_shown(head)}</text>'
        f'<text x="{x + 10}" y="{y + 44}">{_shown(detail)}</text>'
    )


def _line(x: int, y: int, to_x: int, to_y: int) -> str:
    return f'<path d="M{x} {y} L{to_x} {to_y}"/>'


def _shown(text: str) -> str:
    """Text as HTML: what turns or hides what stands around it is replaced."""
    return html.escape("".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text))
