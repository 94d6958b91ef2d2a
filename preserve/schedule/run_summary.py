"""What the table keeps of a capture's report: how it went, and the addresses that an alarm may be about."""

import json
from collections.abc import Mapping, Sequence

from preserve.replay.comparing import LOST

MAX_ADDRESSES = 20
"""Addresses kept of each reason."""
_TOLD = ("challenge", "tls")
_MAX_TEXT = 300


def summary_of(report: Mapping[str, object]) -> str:
    """The summary as JSON: ``run``, ``outcome``, ``counts``, ``reasons``, ``cables``, ``findings_total``;
    ``addresses`` by reason (challenge, tls), the first twenty of each; ``compared``: what became of held pages.
    """
    kept = {name: report.get(name) for name in ("run", "outcome", "counts", "reasons", "cables", "findings_total")}
    addresses: dict[str, list[str]] = {}
    for problem in _rows(report.get("problems")):
        if isinstance(problem, list) and len(problem) == 3 and problem[2] in _TOLD:  # noqa: PLR2004 - url, state, reason
            listed = addresses.setdefault(str(problem[2]), [])
            if len(listed) < MAX_ADDRESSES:
                listed.append(str(problem[0])[:_MAX_TEXT])
    return json.dumps({**kept, "addresses": addresses, "compared": _compared(report)}, ensure_ascii=False)


def _compared(report: Mapping[str, object]) -> dict[str, object] | None:
    """Of the comparison with what was held: the numbers, and the first addresses that were not to be had."""
    compared = report.get("compared")
    if not isinstance(compared, dict):
        return None
    kept: dict[str, object] = {name: compared.get(name) for name in ("seen", "looked", "lost", "good")}
    told = [one for one in _rows(compared.get("told")) if isinstance(one, dict) and one.get("seen") in LOST]
    kept["addresses"] = [
        f"{one.get('url')}: {one.get('seen')} ({one.get('reason')})"[:_MAX_TEXT] for one in told[:MAX_ADDRESSES]
    ]
    return kept


def _rows(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []
