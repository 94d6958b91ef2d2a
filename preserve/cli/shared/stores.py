"""Collections in object storage, for the commands that only read: what they need of them is brought to this machine.

Tested by ``tests/scenarios/test_read_objects.py``.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from preserve.cli.shared.common import Place, keys_folder, say, stores_folder
from preserve.cli.shared.progress import ProgressLine
from preserve.errors import UsageError
from preserve.model import check_collection_name

if TYPE_CHECKING:
    from preserve.integrity.store_cache import SealedObject
    from preserve.objects.port import ObjectStore
    from preserve.store.layout import CollectionPaths


def brought_here(place: Place, chosen: Sequence[str]) -> Place:
    """For a place that is a store: the folder of the user's cache in which its collections are read.

    Raises:
        UsageError: no collection is named.
        PreserveError: as `preserve.integrity.store_cache.bring_here` has it.
    """
    if not chosen:
        raise UsageError(
            f"{place.store} is not looked through: a store can hold what is none of ours",
            next_step="Name the collections that are to be read (see --help).",
        )
    # Most commands read folders.
    from preserve.integrity.store_cache import bring_here, opener  # noqa: PLC0415
    from preserve.objects.opening import open_store  # noqa: PLC0415
    from preserve.provenance.knownlogs import KnownLogs  # noqa: PLC0415
    from preserve.store.heldfiles import keep_elsewhere  # noqa: PLC0415
    from preserve.store.layout import CollectionPaths  # noqa: PLC0415

    store = open_store(place.store)
    root = _folder_of(store)
    keep_elsewhere(root, opener(store))
    for name in dict.fromkeys(chosen):
        paths = CollectionPaths(root, check_collection_name(name))
        with ProgressLine("statements") as told:
            remark = bring_here(store, paths, KnownLogs(place.keys, at=store.place / name), progress=told)
        if remark:
            say(f"preserve: {remark}")
    return replace(place, archives=root, store="")


def collection_in_store(text: str) -> "tuple[ObjectStore, str]":
    """The store, and the name of the collection in it, of ``s3://BUCKET/PREFIX/COLLECTION``.

    Raises:
        UsageError: it is no such name.
        EnvironmentFaultError: obstore is not installed, or what the environment says cannot be used.
    """
    from preserve.objects.opening import open_store  # noqa: PLC0415 - most commands read folders

    above, _slash, name = text.rstrip("/").rpartition("/")
    try:
        store, checked = open_store(above), check_collection_name(name)
    except UsageError as error:
        raise UsageError(
            str(error), next_step="Name a collection with its store: s3://BUCKET/PREFIX/COLLECTION."
        ) from error
    return store, checked


@dataclass(slots=True)
class NamedFiles:
    """Files that a command is given: those of this machine, and of each collection in a store those that are sealed.

    ``left_out``: what was no file as the ledger seals it, in words; known when `paths` is at its end.
    ``sealed``: those in stores that `look_up` has found, by the paths that stand for them.
    """

    named: Sequence[Path | str]
    left_out: list[str] = field(default_factory=list)
    sealed: "dict[Path, SealedObject]" = field(default_factory=dict)
    _found: dict[str, list[Path]] = field(default_factory=dict)
    _names: dict[Path, str] = field(default_factory=dict)

    @property
    def here(self) -> list[Path]:
        """The files of this machine."""
        return [each for each in self.named if isinstance(each, Path)]

    @property
    def has_stores(self) -> bool:
        """Whether there are others."""
        return len(self.here) < len(self.named)

    def paths(self) -> Iterator[Path]:
        """Each where it lies, one of a store in a temporary folder until the next is asked for.

        Raises:
            PreserveError: as `preserve.integrity.store_cache.bring_here` and `sealed_files` have it.
        """
        for each in self.named:
            if isinstance(each, Path):
                yield each
            elif each in self._found:
                yield from self._found[each]
            else:
                yield from self._of_store(each)

    def look_up(self) -> None:
        """Finds the files in stores for who fetches them elsewhere; `paths` fetches none then.

        Raises:
            PreserveError: as `preserve.integrity.store_cache.bring_here` and `sealed_objects` have it.
        """
        from preserve.integrity.store_cache import sealed_objects  # noqa: PLC0415 - most commands read folders

        for text in dict.fromkeys(each for each in self.named if isinstance(each, str)):
            found = self._found[text] = []
            store, paths = self._ledger_of(text)
            for each in sealed_objects(store, paths):
                path = paths.archive / each.key.rpartition("/")[2]
                self._names[path] = each.name
                if each.defect:
                    self.leave_out(each.name, each.defect)
                else:
                    self.sealed[path] = each
                    found.append(path)

    def name_of(self, path: Path) -> str:
        """What a file is called before a user."""
        return self._names.get(path, str(path))

    def leave_out(self, name: str, defect: str) -> None:
        """Tells that a file is not read, since it is not the one that was sealed."""
        self.left_out.append(f"{name}: {defect}; it was left out")
        say(self.left_out[-1])

    def leave_out_unsealed(self, path: Path) -> None:
        """The same of a file that `look_up` found and that turned out to be another one as it was read."""
        from preserve.integrity.store_cache import NOT_SEALED  # noqa: PLC0415 - as above

        self.leave_out(self.name_of(path), NOT_SEALED)

    def _of_store(self, text: str) -> Iterable[Path]:
        from preserve.integrity.store_cache import sealed_files  # noqa: PLC0415 - most commands read folders

        store, paths = self._ledger_of(text)
        with tempfile.TemporaryDirectory(prefix="preserve-") as folder:
            for file in sealed_files(store, paths, Path(folder)):
                if file.path is not None:
                    self._names[file.path] = f"{store.name}/{file.key}"
                    yield file.path
                else:
                    self.leave_out(f"{store.name}/{file.key}", file.defect)

    def _ledger_of(self, text: str) -> "tuple[ObjectStore, CollectionPaths]":
        """A collection in a store, with its ledger brought here."""
        from preserve.integrity.store_cache import bring_here  # noqa: PLC0415 - as above
        from preserve.provenance.knownlogs import KnownLogs  # noqa: PLC0415
        from preserve.store.layout import CollectionPaths  # noqa: PLC0415

        store, name = collection_in_store(text)
        paths = CollectionPaths(_folder_of(store), name)
        remark = bring_here(
            store, paths, KnownLogs(keys_folder(os.environ), at=store.place / name), with_catalogue=False
        )
        if remark:
            say(f"preserve: {remark}")
        return store, paths


def _folder_of(store: "ObjectStore") -> Path:
    """Where in the user's cache collections of a store are read."""
    digits = hashlib.sha256(os.fsencode(store.place)).hexdigest()[:32]
    return stores_folder() / digits
