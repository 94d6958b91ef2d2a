"""A difference of two observations as one HTML page: no script, nothing loaded, every text escaped."""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape

from preserve.cables.passages import DifferenceLine, DifferencePiece, Passages

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --dim: #666; --rule: #ccc;
  --less: #fde4e1; --less-word: #f5a79d; --more: #dff3e1; --more-word: #93d39b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e4e4; --paper: #16181a; --dim: #9a9a9a; --rule: #3a3d40;
  --less: #3b1e1c; --less-word: #8a3229; --more: #17301b; --more-word: #2d6e37; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } table { border-collapse: collapse; width: 100%; }
.facts th { text-align: left; font-weight: 600; padding: .15rem 1rem .15rem 0; vertical-align: top;
  white-space: nowrap; }
.facts td { padding: .15rem 1rem .15rem 0; vertical-align: top; overflow-wrap: anywhere; }
.class { font-weight: 600; } .text { margin-top: 1.5rem; border: 1px solid var(--rule); }
.text td { font: 13px/1.45 ui-monospace, monospace; padding: 0 .5rem; vertical-align: top; white-space: pre-wrap;
  overflow-wrap: anywhere; }
.text .n { color: var(--dim); text-align: right; width: 3.5rem; user-select: none; }
.text .s { width: 1rem; user-select: none; }
.removed { background: var(--less); } .added { background: var(--more); }
del, ins { text-decoration: none; border-radius: 2px; } del { background: var(--less-word); }
ins { background: var(--more-word); } .gap td { color: var(--dim); border-top: 1px solid var(--rule); }
"""
_FIRST = " class='class'"
_SIGN = {"same": " ", "removed": "\u2212", "added": "+"}
_WORD = {"removed": "del", "added": "ins"}


def difference_page(
    title: str, facts: Sequence[tuple[str, str, str]], words: Sequence[str], found: Passages, *, around: int = 3
) -> str:
    """The page. ``facts`` are rows of a label and its values for both sides; ``words`` are sentences above the text."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    rows = "".join(
        f"<tr><th scope='row'>{_safe(label)}</th><td>{_safe(one)}</td><td>{_safe(other)}</td></tr>\n"
        for label, one, other in facts
    )
    said = "".join(f"<p{'' if n else _FIRST}>{_safe(text)}</p>\n" for n, text in enumerate(words))
    return (
        "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n<meta name='referrer' "
        f"content='no-referrer'>\n<title>{_safe(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_safe(title)}</h1>\n{said}<table class='facts'>\n<tr><th></th><th scope='col'>before</th>"
        f"<th scope='col'>after</th></tr>\n{rows}</table>\n"
        f"<table class='text'>\n{''.join(_hunks(found, around))}</table>\n</body>\n</html>\n"
    )


def _hunks(found: Passages, around: int) -> Iterable[str]:
    last = 0
    for hunk in found.hunks(around):
        first = next(line.before or line.after or 0 for line in hunk)
        if last or first > 1:
            yield "<tr class='gap'><td class='n'>\u2026</td><td class='n'>\u2026</td><td></td><td></td></tr>\n"
        last = first
        for line in hunk:
            yield _row(line)


def _row(line: DifferenceLine) -> str:
    numbers = "".join(f"<td class='n'>{number or ''}</td>" for number in (line.before, line.after))
    text = "".join(_piece(piece) for piece in line.pieces)
    return f"<tr class='{line.kind}'>{numbers}<td class='s'>{_SIGN[line.kind]}</td><td>{text}</td></tr>\n"


def _piece(piece: DifferencePiece) -> str:
    tag = _WORD.get(piece.kind)
    return _safe(piece.text) if tag is None else f"<{tag}>{_safe(piece.text)}</{tag}>"


def _safe(text: str) -> str:
    """Text for HTML: escaped, and what is no character of a page as U+FFFD."""
    return escape("".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text))
