"""What ``preserve export`` does: everything recovered as a table, and where texts come from, for other programs.

Tested by ``tests/scenarios/test_export_provenance.py``.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from preserve.cables.identity import canonical_id
from preserve.cli.shared.common import Place, counted, note, say
from preserve.cli.shared.engines import check_all_read
from preserve.cli.shared.loading import all_layouts, reading
from preserve.cli.shared.output import check_answer, opened_output, write_folder, write_zip
from preserve.cli.shared.progress import ProgressLine
from preserve.config.folder import load_blocked
from preserve.errors import NotHeldError, UsageError
from preserve.export.gather import lineage_of, whole_lineage
from preserve.export.lineage import Lineage
from preserve.export.tables import TABLES, TEXT_TABLES, WRITERS, table_rows
from preserve.replay.blocked import Blocked
from preserve.replay.recover import Capture, CollectionReader, captures_found, like_held, published_as
from preserve.replay.stated_texts import TextSource
from preserve.store.catalogue import ShownCable
from preserve.text import terminal_line

if TYPE_CHECKING:
    from preserve.cluster.texts import EngineTexts


def table(
    place: Place, *, form: str, output: Path | None, collection: tuple[str, ...], kind: str, engine: str | None
) -> int:
    """Write a table of everything recovered. Status 1: something could not be read again and was left out."""
    output = None if str(output) == "-" else output
    check_answer(output, as_json=place.as_json)
    if engine is not None and kind not in TEXT_TABLES:
        raise UsageError(
            "--on has files read, and the table of the index is made without them", next_step="Leave it out."
        )
    lost: list[str] = []
    blocked = Blocked.of(load_blocked(place.config_dir))
    layouts = all_layouts(place)
    # What was found stays until all of the table is written.
    with reading(place, collection) as archives, ExitStack() as stack, opened_output(output) as out:
        sources = [TextSource.of(archive.paths, layouts) for archive in archives]
        others = _others(engine, sources, kind, stack)
        count = WRITERS[form](_rows(archives, sources, others, lost, kind, blocked), out, TABLES[kind])
    if blocked.config.blocked:
        note("what blocked.yaml names is left out")
    for name in lost[:20]:
        say(f"preserve: left out: {name}")
    if lost:
        say("  next: end the run that is not signed yet, or run `preserve verify` to see what is damaged")
    if output is not None:
        place.emit(
            {"file": str(output), "rows": count, "left_out": lost},
            f"{output}: {counted(count, 'row')}",
            all_is_well=not lost,
        )
    unread = {str(path): reason for other in others for path, reason in other.unread.items()}
    check_all_read(unread, sum(other.count for other in others))
    return 1 if lost else 0


def _others(engine: str | None, sources: Sequence[TextSource], table: str, stack: ExitStack) -> "Sequence[EngineTexts]":
    """What reads the texts of each collection elsewhere; none where this process reads them."""
    if engine is None:
        return ()
    from preserve.cluster.opening import open_engine, open_texts, results_folder  # noqa: PLC0415 - not every table needs it

    opened, root = stack.enter_context(open_engine(engine)), results_folder(os.environ)
    return [stack.enter_context(open_texts(opened, root, source, table)) for source in sources]


def _rows(  # noqa: PLR0917 - as above
    archives: Sequence[CollectionReader],
    sources: Sequence[TextSource],
    others: "Sequence[EngineTexts]",
    lost: list[str],
    table: str,
    blocked: Blocked,
) -> Iterator[dict[str, Any]]:
    for archive, source, other in zip_longest(archives, sources, others):
        if unsigned := archive.ledger.size - archive.log.signed:
            lost.append(f"{archive.paths.name}: {counted(unsigned, 'statement')} under no checkpoint yet")

        def unread(cable: ShownCable, name: str = archive.paths.name) -> None:
            lost.append(f"{name}: {cable.published_id} of record {cable.record.record_id} could not be read again")

        # A bar a collection: each begins processes of its own, and no bar's thread may be there when they are forked.
        with ProgressLine("rows") as bar:
            rows = table_rows(
                source,
                archive.catalogue,
                unread,
                table,
                hidden=blocked.hidden_in(archive),
                size=archive.log.signed,
                read=None if other is None else other.read,
            )
            for number, row in enumerate(rows, 1):
                bar(archive.paths.name, number)
                yield row


def lineages(
    archives: Sequence[CollectionReader], subject: str | None, collection: Sequence[str], most: int
) -> list[Lineage]:
    """What is asked for, a lineage a collection, of at most ``most`` captures each.

    Raises:
        UsageError: nothing is asked for.
        NotHeldError: nothing of it is held.
        UsageError: there are more captures.
    """
    if subject is None:
        if not collection:
            raise UsageError("nothing is named", next_step="Name a cable or an address, or a collection with -c NAME.")
        return [whole_lineage(archive, most=most) for archive in archives]
    found: dict[str, tuple[CollectionReader, list[Capture]]] = {}
    for archive, capture in captures_found(archives, subject):
        found.setdefault(archive.paths.name, (archive, []))[1].append(capture)
    if not found:
        raise NotHeldError(
            f"nothing is held for {subject}{like_held(archives, subject)}",
            next_step="Give the id as the page prints it, for example 05ALMATY342, or the full address.",
        )
    names: set[str] = set()
    if "://" not in subject:
        names = {subject, canonical_id(subject) or subject, *published_as(archives, subject)}
    return [lineage_of(archive, captures, names, most=most) for _name, (archive, captures) in sorted(found.items())]


def _write(
    place: Place, output: Path | None, told: Sequence[Lineage], write: Callable[[Sequence[Lineage], IO[bytes]], None]
) -> int:
    check_answer(output, as_json=place.as_json)
    with opened_output(output) as out:
        write(told, out)
    if output is not None:
        records, texts = sum(len(one.records) for one in told), sum(len(one.texts) for one in told)
        place.emit(
            {"file": str(output), "captures": records, "texts": texts},
            f"{output}: {counted(records, 'capture')}, {counted(texts, 'text')}",
        )
    return 0


def prov(place: Place, *, subject: str | None, form: str, output: Path | None, collection: tuple[str, ...]) -> int:
    """Write where a cable or a page comes from as W3C PROV."""
    from preserve.export.provdocument import MOST, prov_text  # noqa: PLC0415 - the library behind it is large

    with reading(place, list(dict.fromkeys(collection))) as archives:
        told = lineages(archives, subject, collection, MOST[form])
    data = prov_text(told, form).encode("utf-8")
    return _write(place, output, told, lambda _told, out: _put(out, data))


def premis(place: Place, *, subject: str | None, output: Path | None, collection: tuple[str, ...]) -> int:
    """Write where a cable or a page comes from as PREMIS 3.0 XML."""
    from preserve.export.premis import MOST, write_premis  # noqa: PLC0415 - only this command writes XML

    with reading(place, list(dict.fromkeys(collection))) as archives:
        told = lineages(archives, subject, collection, MOST)
    return _write(place, output, told, write_premis)


def ro_crate(place: Place, *, subject: str | None, output: Path, collection: tuple[str, ...]) -> int:
    """Write captures, the texts on them and what proves them as an RO-Crate 1.1."""
    from preserve.export.crate import MOST, Crate  # noqa: PLC0415 - only this command makes a crate

    title = subject or ", ".join(sorted(set(collection)))
    with reading(place, list(dict.fromkeys(collection))) as archives:
        by_name = {archive.paths.name: archive for archive in archives}
        told = [(by_name[one.collection], one) for one in lineages(archives, subject, collection, MOST)]
        crate = Crate(told, f"{title}: captures and provenance")
        count = write_zip(crate.files(), output) if output.suffix == ".zip" else write_folder(crate.files(), output)
    for name in crate.left_out[:20]:
        say(f"preserve: {terminal_line(name)}: could not be read again")
    if crate.left_out:
        say(f"preserve: {len(crate.left_out):,} left out\n  next: run `preserve verify` to see what is damaged")
    place.emit(
        {"output": str(output), "files": count, "left_out": crate.left_out}, f"{output}: {counted(count, 'file')}"
    )
    return 1 if crate.left_out else 0


def _put(out: IO[bytes], data: bytes) -> None:
    out.write(data)
