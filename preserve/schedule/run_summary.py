"""What the table keeps of a capture's report: how it went, and the addresses that an alarm may be about."""

import json
from collections.abc import Mapping, Sequence

from preserve.crawler.outcomes import ALARMED
from preserve.replay.comparing import LOST

MAX_ADDRESSES = 20
"""Addresses kept of each reason."""
_MAX_TEXT = 300


def summary_of(report: Mapping[str, object]) -> str:
    """The summary as JSON: ``run``, ``outcome``, ``counts``, ``reasons``, ``cables``, ``findings_total``;
    ``addresses`` by reason (challenge, tls), the first twenty of each; ``compared``: what became of held pages.
    """
    kept = {name: report.get(name) for name in ("run", "outcome", "counts", "cables", "findings_total")}
    kept["reasons"], muted = _reasons(report)
    addresses: dict[str, list[str]] = {}
    for problem in _rows(report.get("problems")):
        if not isinstance(problem, list) or len(problem) != 3:  # noqa: PLR2004 - url, state, reason
            continue
        if problem[2] in ALARMED and problem[0] not in muted:
            listed = addresses.setdefault(str(problem[2]), [])
            if len(listed) < MAX_ADDRESSES:
                listed.append(str(problem[0])[:_MAX_TEXT])
    return json.dumps({**kept, "addresses": addresses, "compared": _compared(report)}, ensure_ascii=False)


def _reasons(report: Mapping[str, object]) -> tuple[object, frozenset[object]]:
    """How many addresses ended for which reason, without the muted ones that an alarm would be about; and they."""
    reasons, compared = report.get("reasons"), report.get("compared")
    if not isinstance(reasons, dict) or not isinstance(compared, dict):
        return reasons, frozenset()
    quiet = compared.get("muted_reasons")
    quiet = quiet if isinstance(quiet, dict) else {}
    left = {name: number - quiet.get(name, 0) for name, number in reasons.items()}
    return left, frozenset(_rows(compared.get("muted_urls")))


def _compared(report: Mapping[str, object]) -> dict[str, object] | None:
    """Of the comparison with what was held: the numbers, and the first addresses that were not to be had."""
    compared = report.get("compared")
    if not isinstance(compared, dict):
        return None
    kept: dict[str, object] = {name: compared.get(name) for name in ("seen", "looked", "lost", "good")}
    told = [
        one
        for one in _rows(compared.get("told"))
        if isinstance(one, dict) and one.get("seen") in LOST and not one.get("muted")
    ]
    kept["addresses"] = [
        f"{one.get('url')}: {one.get('seen')} ({one.get('reason')})"[:_MAX_TEXT] for one in told[:MAX_ADDRESSES]
    ]
    return kept


def _rows(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []
