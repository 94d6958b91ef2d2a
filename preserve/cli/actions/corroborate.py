"""What ``preserve corroborate`` does: which independent sources show the same text of a cable."""

from typing import TYPE_CHECKING

from preserve.cli.shared.common import Place, counted
from preserve.cli.shared.loading import reading
from preserve.config.configcache import cached_releases
from preserve.replay.corroborate import LEVELS, Agreement, Corroboration, Witness
from preserve.replay.corroborate import corroborate as grouped
from preserve.replay.history import history
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cli.shared.answers import CorroborateAnswer

_CAVEAT = (
    "Agreement is not proof: sources that copy one release agree because they copy it. It shows that what stands here "
    "is what they show, and whether they show the same."
)


def corroborate(place: Place, *, cable: str, collection: tuple[str, ...]) -> int:
    """Group the sources of CABLE by what they show, at each of three checksums: of page, text, text for comparison."""
    releases = cached_releases(place.config_dir)
    with reading(place, collection) as archives:
        held = history(archives, cable, releases)
    found = grouped(held.observations, releases)
    place.emit(_json(cable, found, len(held.unread)), _text(cable, found, len(held.unread)))
    return 1 if held.unread else 0


def _json(cable: str, found: Corroboration, unread: int) -> "CorroborateAnswer":
    return {
        "cable": cable,
        "sources": [
            {
                "number": one.number,
                "host": one.host,
                "claims": one.claims,
                "release": one.release,
                "captures": one.captures,
                "texts": one.texts,
                "newest": {"captured": one.newest.capture.row.date, "record_id": one.newest.capture.row.record_id},
            }
            for one in found.witnesses
        ],
        "agreement": {
            level: [
                {"sha256": one.sha256, "sources": list(one.witnesses), "hosts": one.hosts, "origins": one.origins}
                for one in groups
            ]
            for level, groups in found.levels.items()
        },
        "unread": unread,
        "caveat": _CAVEAT,
    }


def _text(cable: str, found: Corroboration, unread: int) -> str:
    lines = [f"{cable}: {counted(len(found.witnesses), 'source')}"]
    lines += [_source(one) for one in found.witnesses]
    if unread:
        lines.append(f"  {counted(unread, 'capture')} could not be read: see `preserve history`")
    for level, groups in found.levels.items():
        lines += ["", f"{level}: {LEVELS[level]}", *(_group(one) for one in groups)]
    lines += ["", _CAVEAT if len(found.witnesses) > 1 else "One source alone: nothing corroborates it here."]
    return "\n".join(lines) + "\n"


def _source(one: Witness) -> str:
    release = f", release {one.release}" if one.release else ""
    texts = f", which show {one.texts} different texts" if one.texts > 1 else ""
    return (
        f"  {one.number}. {terminal_line(one.host, 120)}  ({terminal_line(one.claims)}{release}; "
        f"{counted(one.captures, 'capture')}{texts}; newest {one.newest.capture.row.date})"
    )


def _group(one: Agreement) -> str:
    numbers = ", ".join(str(number) for number in one.witnesses)
    if len(one.witnesses) == 1:
        return f"  source {numbers} alone  {one.sha256}"
    hosts = "of one host" if one.hosts == 1 else f"of {one.hosts} hosts"
    origins = "all naming or holding one release" if one.origins == 1 else f"naming {one.origins} releases or sources"
    return f"  sources {numbers} agree, {hosts}, {origins}  {one.sha256}"
