"""The first page: which collections there are, what they hold, when they were checked, how they grew.

Tested by ``tests/scenarios/test_desk.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from preserve.config.folder import load_collection
from preserve.errors import PreserveError
from preserve.model import moment_text
from preserve.provenance.checknotes import noted_checks
from preserve.store.checks import WHOLE, lasting_damage
from preserve.web.library import Overview, Shelf
from preserve.web.plots import Bar, Plot, bars
from preserve.web.responses import DeskPage, minute
from preserve.web.routing import DeskRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeCard:
    """A collection on the first page. ``checked``: when it was read whole last, and what came of it, in words."""

    name: str
    title: str
    overview: Overview | None
    checked: str
    verdict: str
    signed: int
    statements: int


def home(shelf: Shelf, asked: DeskRequest) -> DeskPage:
    """The collections, and how the archive grew."""
    cards = [_card(shelf, name) for name in shelf.names]
    months: dict[str, list[int]] = {}
    for card in cards:
        for month, captured, anew, _stored in () if card.overview is None else card.overview.captured:
            sums = months.setdefault(month, [0, 0])
            sums[0] += captured
            sums[1] += anew
    return DeskPage(
        template="home.html",
        title="Archive",
        data={"collections": [_data(card) for card in cards], "captured": months},
        context={
            "cards": cards,
            "growth": _growth(months),
            "cables": sum(card.overview.cables for card in cards if card.overview is not None),
            "query": "",
            "asked": asked,
        },
        twin="/index.json",
    )


def _growth(months: Mapping[str, list[int]]) -> Plot:
    total = 0
    values = []
    for month, (captured, anew) in sorted(months.items()):
        total += anew
        values.append(Bar(label=month, value=total, note=f"{captured:,} looks, {anew:,} new pages"))
    return bars(values[-120:], name="growth", title="Pages held, by month of capture", unit="pages held by then")


def check_words(shelf: Shelf, name: str) -> tuple[str, str]:
    """When a collection was read whole last and what came of it; and the verdict: good, damage, unknown."""
    try:
        checks = noted_checks(shelf.settings.archives, name).checks
    except (PreserveError, OSError):
        return "the notes of checks cannot be read", "unknown"
    damage = lasting_damage(checks)
    if damage is not None:
        return f"damage was found at {minute(moment_text(damage.ended))}", "damage"
    full = next((check for check in reversed(checks) if check.level in WHOLE), None)
    if full is None:
        return "never verified whole here", "unknown"
    return f"verified whole at {minute(moment_text(full.ended))} UTC", "good"


def title_of(shelf: Shelf, name: str) -> str:
    """A collection's title; its name where its file gives none."""
    try:
        return load_collection(shelf.settings.config_dir, name).title
    except (PreserveError, OSError):
        return name


def _card(shelf: Shelf, name: str) -> HomeCard:
    archive = next((one for one in shelf.archives if one.paths.name == name), None)
    checked, verdict = check_words(shelf, name)
    return HomeCard(
        name=name,
        title=title_of(shelf, name),
        overview=None if archive is None else shelf.overview(name),
        checked=checked,
        verdict=verdict,
        signed=0 if archive is None else archive.log.signed,
        statements=0 if archive is None else archive.ledger.size,
    )


def _data(card: HomeCard) -> dict[str, object]:
    held = card.overview
    return {
        "name": card.name,
        "title": card.title,
        "runs": None if held is None else held.runs,
        "records": None if held is None else held.records,
        "cables": None if held is None else held.cables,
        "statements": card.statements,
        "signed": card.signed,
        "checked": card.checked,
        "verdict": card.verdict,
    }
