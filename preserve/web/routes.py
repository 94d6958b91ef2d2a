"""Which path is answered by what. ``timegate``, ``timemap`` and ``cdx`` are kept free."""

from typing import Final

from preserve.web.pages import (
    about,
    browse,
    cable,
    citing,
    history,
    home,
    machines,
    operator,
    packages,
    pictures,
    records,
    releases,
    replay,
    search,
)
from preserve.web.routing import ANY, Handler, Routes

ROUTES: Final = Routes(
    {
        ("",): home.home,
        ("search",): search.search,
        ("search.csv",): search.as_csv,
        ("search.jsonl",): search.as_jsonl,
        ("search.ris",): search.as_ris,
        ("search.bib",): search.as_bibtex,
        ("search.atom",): search.as_atom,
        ("cable", ANY): cable.cable,
        ("cable", ANY, "at", ANY): cable.fixed,
        ("cable", ANY, "text"): cable.text,
        ("cable", ANY, "cite"): citing.cite_page,
        ("cable", ANY, "cite", ANY): citing.citation,
        ("cable", ANY, "capsule.zip"): citing.capsule,
        ("cable", ANY, "history"): history.history_page,
        ("cable", ANY, "diff"): history.difference,
        ("cable", ANY, "diff", ANY): history.difference,
        ("cable", ANY, "linkset.json"): machines.linkset,
        ("graph", ANY): cable.graph,
        ("page",): cable.plain,
        ("page", "pictures"): pictures.compare,
        ("page", "changed"): pictures.marked,
        ("replay",): replay.replay,
        ("browse",): browse.browse,
        ("browse", ANY): browse.by_kind,
        ("record", ANY): records.record,
        ("record", ANY, "picture"): records.picture,
        ("statement", ANY, ANY): records.statement,
        ("statement", ANY, ANY, "entry"): records.entry,
        ("statement", ANY, ANY, "proof"): records.proof,
        ("checkpoint", ANY): records.checkpoint,
        ("collection", ANY): operator.collection,
        ("wacz", ANY): packages.package,
        ("operator",): operator.operator,
        ("releases",): releases.releases,
        ("about",): about.about,
        ("accessibility",): about.accessibility,
        ("healthz",): machines.health,
        ("robots.txt",): machines.robots,
        ("sitemap.xml",): machines.sitemap,
        ("openapi.json",): machines.openapi,
        ("static", ANY): machines.static,
    }
)

EXPORTS: Final[frozenset[Handler]] = frozenset(
    {search.as_csv, search.as_jsonl, search.as_ris, search.as_bibtex, search.as_atom, citing.capsule}
)
"""What is given out so often a minute only."""
