"""What most commands load: layouts and archives to look in. Nothing is imported that reading a page does not need."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from preserve.cables.page.layouts import Layout, compile_layouts
from preserve.cli.shared.common import Place, counted, say
from preserve.config.configcache import cached_collection, cached_layouts
from preserve.errors import NotHeldError
from preserve.model import check_collection_name
from preserve.provenance.statements import NEWER
from preserve.store.archive import list_collections

if TYPE_CHECKING:
    from preserve.replay.recover import CollectionReader


def all_layouts(place: Place) -> dict[str, Layout]:
    """Every layout there is: those that came with the program, and the user's own before them."""
    return compile_layouts(cached_layouts(place.config_dir))


def collections_to_read(place: Place, chosen: Sequence[str]) -> list[str]:
    """The collections named, or all that are held.

    Raises:
        NotHeldError: there is none.
    """
    if chosen:
        return [check_collection_name(name) for name in chosen]
    names = list_collections(place.archives)
    if not names:
        raise NotHeldError(
            f"no archive is held under {place.archives}",
            next_step="Run `preserve init COLLECTION`, or name the folder with --archives.",
        )
    return names


def at_hand(place: Place, chosen: Sequence[str]) -> Place:
    """The same place; where that is a store, the folder of this machine in which its collections are read."""
    if not place.store:
        return place
    from preserve.cli.shared.stores import brought_here  # noqa: PLC0415 - most archives are on this machine

    return brought_here(place, chosen)


@contextmanager
def reading(place: Place, chosen: Sequence[str]) -> "Iterator[list[CollectionReader]]":
    """The collections to look in, opened for reading. What is to be said of their logs is said on stderr."""
    from preserve.replay.recover import open_for_reading  # noqa: PLC0415 - not all that looks for archives reads them

    place = at_hand(place, chosen)
    names = collections_to_read(place, chosen)
    with open_for_reading(place.archives, names, all_layouts(place), trusted=trusted_keys(place)) as archives:
        for archive in archives:
            if archive.log.remark:
                say(f"preserve: {archive.log.remark}")
            if newer := archive.catalogue.newer_statements:
                say(f"{archive.paths.name}: {counted(newer, 'statement')} of its ledger, {NEWER}, passed over")
        yield archives
        for archive in archives:
            if archive.log.unproven:
                what = counted(archive.log.unproven, "statement")
                say(f"preserve: {archive.paths.name}: {what} under no checkpoint, which nothing proves here: left out")


def trusted_keys(place: Place) -> frozenset[str]:
    """The keys of logs that the configuration names as trusted."""
    folder = place.config_dir / "trust"
    if not any(folder.glob("*.vkey")):
        return frozenset()
    from preserve.cli.shared.trusting import read_trust  # noqa: PLC0415 - it brings certificates

    return frozenset(key.vkey for key in read_trust(place, ()).logs)


def public_url(place: Place, name: str) -> str:
    """Where the public replay of a collection begins, as its configuration says; empty where it says nothing."""
    return public_names(place, name)[0]


def title_of(place: Place, name: str) -> str:
    """The title of a collection, as its configuration says; empty where it has none."""
    if not (place.config_dir / "collections" / f"{check_collection_name(name)}.yaml").is_file():
        return ""
    return cached_collection(place.config_dir, name).title


def public_names(place: Place, name: str, *, keeps: bool = True) -> tuple[str, str]:
    """Where the public replay of a collection begins, and what its ARKs begin with; empty where nothing says it.

    Not ``keeps``: nothing is written to the cache.
    """
    if not (place.config_dir / "collections" / f"{check_collection_name(name)}.yaml").is_file():
        return "", ""
    config = cached_collection(place.config_dir, name, keeps=keeps)
    return config.public_url or "", config.ark or ""
