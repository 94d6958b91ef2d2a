"""What the checks of a collection have in common: how one takes a statement, and what they all work on.

A check takes every statement of the ledger in order, and says at the end what one claim is worth. What it finds wrong
goes to `Findings`, in the order in which it is met. A check may ask those that take the statement before it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from preserve.cables.page.layouts import Layout
from preserve.findings import Claim
from preserve.formats.tlog.files import Checkpoint
from preserve.integrity.verify.earlier import NOTHING, Earlier
from preserve.integrity.verify.newer import Newer
from preserve.integrity.verify.report import Findings, Level
from preserve.limits import Limits
from preserve.provenance.statements import Statement
from preserve.store.durable import is_locked
from preserve.store.layout import CollectionPaths


class Leaf(NamedTuple):
    """A statement as it stands in the log: its bytes, and their hash in the tree (RFC 6962 section 2.1)."""

    entry: bytes
    hash: bytes


class Unreadable(NamedTuple):
    """What stands in the place of a statement that cannot be read."""

    reason: str


Said = Statement | Unreadable


class Writing:
    """Whether somebody writes to the collection now: then what has no end yet was not left behind.

    Whoever takes the lock ends what was left, before anything else. So its holder is who will end it.
    """

    def __init__(self, lock: Path) -> None:
        self._lock = lock

    @cached_property
    def is_going_on(self) -> bool:
        """Asked once, and only where something has no end: while it is asked, nobody else can take the lock."""
        return is_locked(self._lock)


class CheckScope(Struct, frozen=True, kw_only=True):
    """What is checked, how far, and where the findings go. ``checkpoint`` None: nothing readable.

    ``underived``: why there is no index and no catalogue, where none belongs there.
    ``earlier``: what a check before this one has gone through, which is not gone through again.
    ``writing``: who may be at work meanwhile.
    """

    paths: CollectionPaths
    layouts: Mapping[str, Layout]
    limits: Limits
    level: Level
    checkpoint: Checkpoint | None
    findings: Findings
    newer: Newer
    writing: Writing
    underived: str = ""
    earlier: Earlier = NOTHING


class StatementCheck(ABC):
    """One check: takes the ledger statement by statement, and gives one claim."""

    def take(self, index: int, statement: Said, leaf: Leaf) -> None:  # noqa: B027 - most checks take some kinds only
        """Takes one statement. Called once for each, in the ledger's order."""

    def end(self) -> None:  # noqa: B027 - as above
        """Everything was read: finds what shows only now. Called once, after the checks before it."""

    @abstractmethod
    def finish(self) -> Claim:
        """What the claim is worth, once every check has ended: what one finds may touch the claim of another."""
