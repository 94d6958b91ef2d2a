"""What this installation keeps beside the signing key of a collection, and never in the archive.

``NAME.secret`` authenticates the journal and the files that are being written (`preserve.provenance.journal`).
``NAME.head`` says how far the journal had come at its last group commit: whoever can write to the archive's folder can
put an older journal back, and not an older head. ``NAME.unproven`` lists what was moved to quarantine and is not stated
yet. ``NAME.index`` says which file the index is that was written last, so that the next session only adds to it, and
``NAME.copies`` which copies were complete at which size, so that the next one only looks at what came since, and
``NAME.sample`` what the last sampled check that found nothing had gone through (`preserve.integrity.verify.earlier`),
and ``NAME.derived`` what the last check by seals summed up (`preserve.integrity.verify.kept_sums`).

Tested by ``tests/unit/provenance/test_journal.py``.
"""

import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from preserve.config.place import user_folder
from preserve.errors import EnvironmentFaultError
from preserve.provenance.keys import read_private
from preserve.provenance.mac import Mac
from preserve.regular import FileIdentity
from preserve.store.durable import make_dir, write_atomic

_SECRET_BYTES = 32
_MODE = 0o600
_MAX_FILE_BYTES = 16 << 20
_MOST_COPIES = 63
_Kept = TypeVar("_Kept")


class FileState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the archive that no statement seals yet: its first ``size`` bytes have this SHA-256.

    ``state``: ``open`` (it may grow), ``sealed`` (it has its name for ever), ``importing`` (whole, being stated).
    ``about`` says of an imported file where it comes from, as the import needs it.
    """

    name: str
    size: int
    sha256: str
    state: Literal["open", "sealed", "importing"]
    about: str = ""


class JournalHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last group commit that this installation made: of which journal, how many statements, its last MAC.

    ``files`` are those being written, as the commit states them: name, size in bytes, SHA-256 of these bytes.
    """

    origin: str
    run: str
    size: int
    mac: str
    files: tuple[FileState, ...] = ()


class IndexMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The index as this installation wrote it last, behind the checkpoint of this size and root: which file it is."""

    origin: str
    size: int
    root: str
    file: FileIdentity


class CopyMark(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A copy that was complete: its folder, size and root of the log that it held, and how many files that seals.

    ``listing``: SHA-256 over names and sizes of what lay in its archive then. ``index``: which file its index was.
    """

    folder: str
    origin: str
    size: int
    root: str
    files: int
    listing: str
    index: FileIdentity | None


class Unproven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What could not be proved to be this program's own, and lies in quarantine: of ``bytes`` bytes, and why."""

    file: str
    quarantined: str
    bytes: int
    reason: str
    size: int = 0
    sha256: str = ""
    records: int = 0
    """Of what was kept of the file under its name: nothing (all 0), or its beginning, sealed."""


def keys_folder(environment: Mapping[str, str]) -> Path:
    """The folder of signing keys: ``$XDG_CONFIG_HOME/preserve/keys``, by default below ``~/.config``."""
    return user_folder("config", environment) / "preserve" / "keys"


class Installation(Struct, frozen=True):
    """The files of one collection in the folder of keys."""

    keys: Path
    name: str

    @classmethod
    def of_user(cls, name: str) -> "Installation":
        """Those of the user who runs this process."""
        return cls(keys_folder(os.environ), name)

    @property
    def secret_file(self) -> Path:
        """The secret: 64 hexadecimal digits, readable by its owner only."""
        return self.keys / f"{self.name}.secret"

    def secret(self) -> bytes | None:
        """The secret of 32 bytes; None where there is none.

        Raises:
            EnvironmentFaultError: it cannot be read, is open to others, or is no secret.
        """
        if not self.secret_file.exists():
            return None
        text = read_private(self.secret_file, "the journal's secret").strip()
        try:
            secret = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            secret = b""
        if len(secret) != _SECRET_BYTES:
            raise EnvironmentFaultError(
                f"{self.secret_file} holds no secret of {_SECRET_BYTES} bytes in hexadecimal digits",
                next_step="Put it back from a copy of the keys' folder; or move it away, and run "
                f"`preserve recover {self.name} --without-unproven`.",
            )
        return secret

    def readers_secret(self) -> bytes | None:
        """The secret for a command that only reads: a fault of its file is as if there were none."""
        with suppress(EnvironmentFaultError, OSError):
            return self.secret()
        return None

    def make_secret(self) -> bytes:
        """The secret, made where there is none.

        Raises:
            EnvironmentFaultError: it cannot be made or read.
        """
        held = self.secret()
        if held is not None:
            return held
        make_dir(self.keys)
        made = secrets.token_bytes(_SECRET_BYTES)
        self._write(self.secret_file, f"{made.hex()}\n".encode("ascii"))
        return made

    @property
    def head_file(self) -> Path:
        """How far the journal had come at its last group commit."""
        return self.keys / f"{self.name}.head"

    def head(self) -> JournalHead | None:
        """The head; None where none was kept.

        Raises:
            EnvironmentFaultError: it cannot be read.
        """
        return self._read(self.head_file, JournalHead)

    def write_head(self, head: JournalHead) -> None:
        """Puts the head in place, durably."""
        self._write(self.head_file, msgspec.json.encode(head) + b"\n")

    @property
    def index_file(self) -> Path:
        """Which file the index is that this installation wrote."""
        return self.keys / f"{self.name}.index"

    def index_mark(self) -> IndexMark | None:
        """The mark of the index; None where there is none that can be read: the index is then written whole."""
        with suppress(EnvironmentFaultError, OSError):
            return self._read(self.index_file, IndexMark)
        return None

    def write_index_mark(self, mark: IndexMark) -> None:
        """Puts the mark in place. That it cannot be is no fault: see `index_mark`."""
        with suppress(EnvironmentFaultError):
            self._write(self.index_file, msgspec.json.encode(mark) + b"\n")

    @property
    def copies_file(self) -> Path:
        """Which copies of the collection were complete, and when."""
        return self.keys / f"{self.name}.copies"

    def copy_marks(self) -> tuple[CopyMark, ...]:
        """The marks of copies; none where they cannot be read: all of a copy is then looked at."""
        with suppress(EnvironmentFaultError, OSError):
            return self._read(self.copies_file, tuple[CopyMark, ...]) or ()
        return ()

    def write_copy_mark(self, mark: CopyMark) -> None:
        """Puts the mark of one copy in the place of its last one. That it cannot be is no fault: see `copy_marks`."""
        others = [held for held in self.copy_marks() if held.folder != mark.folder]
        # The name of a folder may be no text.
        with suppress(EnvironmentFaultError, UnicodeEncodeError):
            self._write(self.copies_file, msgspec.json.encode((*others[-_MOST_COPIES:], mark)) + b"\n")

    @property
    def sample_file(self) -> Path:
        """What a sampled check has gone through."""
        return self.keys / f"{self.name}.sample"

    def sample_mark(self, kind: type[_Kept]) -> _Kept | None:
        """The mark of a sampled check; None where there is none that can be read: all is then gone through."""
        with suppress(EnvironmentFaultError, OSError):
            return self._read(self.sample_file, kind)
        return None

    def write_sample_mark(self, mark: msgspec.Struct) -> None:
        """Puts the mark in place. That it cannot be is no fault: see `sample_mark`."""
        # The name of a folder may be no text.
        with suppress(EnvironmentFaultError, UnicodeEncodeError):
            self._write(self.sample_file, msgspec.json.encode(mark) + b"\n")

    def drop_sample_mark(self) -> None:
        """Takes the mark away; that it cannot be taken away costs time."""
        with suppress(OSError):
            self.sample_file.unlink(missing_ok=True)

    @property
    def derived_file(self) -> Path:
        """What a check by seals worked out from catalogue, index and ledger."""
        return self.keys / f"{self.name}.derived"

    def derived_mark(self, kind: type[_Kept]) -> _Kept | None:
        """The mark of a check by seals, where the secret proves it; None: all is then worked out again.

        A mark of another installation, or of another collection of this one, is not proved.
        """
        key = self._derived_key()
        with suppress(EnvironmentFaultError, OSError, msgspec.MsgspecError):
            if key is None or not self.derived_file.exists():
                return None
            data = read_private(self.derived_file, "the mark of a check", most=_MAX_FILE_BYTES)
            mac, _separator, body = data.partition(b"\n")
            if hmac.compare_digest(mac, key.digest(body).hex().encode("ascii")):
                return msgspec.json.decode(body, type=kind)
        return None

    def write_derived_mark(self, mark: msgspec.Struct) -> None:
        """Puts the mark in place, unless it is too large to be read. That it cannot be is no fault."""
        key, body = self._derived_key(), msgspec.json.encode(mark) + b"\n"
        if key is None:
            return
        data = key.digest(body).hex().encode("ascii") + b"\n" + body
        if len(data) <= _MAX_FILE_BYTES:
            with suppress(EnvironmentFaultError):
                self._write(self.derived_file, data)

    def mac_of_check(self) -> Callable[[bytes], bytes] | None:
        """What authenticates the notes of checks; None where there is no secret."""
        key = self._key_of("checks")
        return None if key is None else key.digest

    def _derived_key(self) -> Mac | None:
        return self._key_of("sums")

    def _key_of(self, what: str) -> Mac | None:
        secret = self.readers_secret()
        return None if secret is None else Mac(Mac(secret).digest(f"preserve: {what} of {self.name}".encode()))

    @property
    def unproven_file(self) -> Path:
        """What lies in quarantine and is not yet stated."""
        return self.keys / f"{self.name}.unproven"

    def unproven(self) -> tuple[Unproven, ...]:
        """What was moved to quarantine and is not yet stated, in order.

        Raises:
            EnvironmentFaultError: the list cannot be read.
        """
        return self._read(self.unproven_file, tuple[Unproven, ...]) or ()

    def write_unproven(self, items: tuple[Unproven, ...]) -> None:
        """Puts the list in place, durably; an empty one is removed."""
        if items:
            self._write(self.unproven_file, msgspec.json.encode(items) + b"\n")
        else:
            self.unproven_file.unlink(missing_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        try:
            write_atomic(path, data, mode=_MODE)
        except OSError as error:
            raise EnvironmentFaultError(
                f"{path} cannot be written: {error.strerror}",
                next_step=f"Whoever captures must be able to write to {self.keys}.",
            ) from error

    def _read(self, path: Path, kind: type[_Kept]) -> _Kept | None:
        if not path.exists():
            return None
        data = read_private(path, "a file of the journal", most=_MAX_FILE_BYTES)
        try:
            return msgspec.json.decode(data, type=kind)
        except msgspec.MsgspecError as error:
            raise EnvironmentFaultError(
                f"{path} cannot be read: {error}",
                next_step=f"Put it back from a copy of the keys' folder; or move it away, and run "
                f"`preserve recover {self.name} --without-unproven`.",
            ) from error
