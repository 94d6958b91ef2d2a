"""Releases: those that are declared, those that pages claim, and where claims contradict one another."""

from heapq import merge

from preserve.provenance.releases import ReleaseClaim, ReleaseUse, report
from preserve.web.library import Shelf
from preserve.web.responses import DeskPage
from preserve.web.routing import DeskRequest

_MOST_CONFLICTS = 200


def releases(shelf: Shelf, _asked: DeskRequest) -> DeskPage:
    """What pages say of their source is a claim: it is linked to a release, and never corrected by one."""
    declared = shelf.releases
    claims = merge(*(archive.claims() for archive in shelf.archives), key=_order)
    found = report((claim for claim in claims if not _is_blocked(shelf, claim)), declared)
    rows = [
        {"name": name, "title": declared[name].title, "is_declared": True, **_use(use)}
        for name, use in found.declared.items()
    ]
    rows += [{"name": name, "title": "", "is_declared": False, **_use(use)} for name, use in found.undeclared.items()]
    conflicts = [
        {"kind": str(one.kind), "published_id": one.published_id, "detail": one.detail, "records": list(one.record_ids)}
        for one in found.conflicts[:_MOST_CONFLICTS]
    ]
    counts = {str(kind): count for kind, count in sorted(found.conflict_counts.items())}
    return DeskPage(
        template="releases.html",
        title="Releases and contradictions",
        data={"releases": rows, "silent_captures": found.silent, "conflicts": conflicts, "conflict_counts": counts},
        context={"rows": rows, "silent": found.silent, "conflicts": conflicts, "counts": counts},
        twin="/releases.json",
    )


def _order(claim: ReleaseClaim) -> tuple[str, str]:
    return claim.published_id, claim.date


def _is_blocked(shelf: Shelf, claim: ReleaseClaim) -> bool:
    return bool(shelf.blocked.reason(cable=claim.published_id, url=claim.uri or "", record=claim.record_id))


def _use(use: ReleaseUse) -> dict[str, object]:
    return {
        "captures": use.captures,
        "cables": use.cables,
        "printed": [words for words, _count in use.printed.most_common(5)],
        "collections": sorted(use.collections),
        "first": use.first,
        "last": use.last,
    }
