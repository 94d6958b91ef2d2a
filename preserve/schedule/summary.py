"""What the table keeps of a capture's report: how it went, and the addresses that an alarm may be about."""

import json
from collections.abc import Mapping, Sequence

MAX_ADDRESSES = 20
"""Addresses kept of each reason."""
_TOLD = ("challenge", "tls")
_MAX_TEXT = 300


def summary_of(report: Mapping[str, object]) -> str:
    """The summary as JSON: ``run``, ``outcome``, ``counts``, ``reasons``, ``cables``, ``findings_total``;
    ``addresses`` by reason (challenge, tls), the first twenty of each.
    """
    kept = {name: report.get(name) for name in ("run", "outcome", "counts", "reasons", "cables", "findings_total")}
    addresses: dict[str, list[str]] = {}
    for problem in _rows(report.get("problems")):
        if isinstance(problem, list) and len(problem) == 3 and problem[2] in _TOLD:  # noqa: PLR2004 - url, state, reason
            listed = addresses.setdefault(str(problem[2]), [])
            if len(listed) < MAX_ADDRESSES:
                listed.append(str(problem[0])[:_MAX_TEXT])
    return json.dumps({**kept, "addresses": addresses}, ensure_ascii=False)


def _rows(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []
