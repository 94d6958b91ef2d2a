"""Releases: those that are declared, those that pages claim, and where claims contradict one another."""

from preserve.errors import LockedError
from preserve.provenance.releases import ReleaseReport, ReleaseUse
from preserve.web.library import Shelf
from preserve.web.responses import DeskPage
from preserve.web.routing import DeskRequest

_MOST_CONFLICTS = 200


def releases(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """What pages say of their source is a claim: it is linked to a release, and never corrected by one.

    Raises:
        LockedError: a program asks for numbers that are still being counted.
    """
    declared = shelf.releases
    # What cannot be opened is told beside what the others claim.
    counted = shelf.claimed() if shelf.archives else ReleaseReport()
    if counted is None and asked.wants_json:
        raise LockedError("what pages claim is still being counted", next_step="Ask again in a minute.")
    found = ReleaseReport() if counted is None else counted
    rows = [
        {"name": name, "title": one.title, "is_declared": True, **_use(found.declared.get(name, ReleaseUse()))}
        for name, one in declared.items()
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
        context={
            "rows": rows,
            "silent": found.silent,
            "conflicts": conflicts,
            "counts": counts,
            "is_counted": counted is not None,
        },
        twin="/releases.json",
    )


def _use(use: ReleaseUse) -> dict[str, object]:
    return {
        "captures": use.captures,
        "cables": use.cables,
        "printed": [words for words, _count in use.printed.most_common(5)],
        "collections": sorted(use.collections),
        "first": use.first,
        "last": use.last,
    }
