"""Statements of people about pages: that a loss is known, where a site has moved, and which pages are muted."""

from collections.abc import Sequence
from datetime import datetime

from preserve import PROGRAM
from preserve.errors import FormatError, NotHeldError, UsageError
from preserve.formats.urls import canonical
from preserve.model import format_utc
from preserve.provenance.judgements import Judgements
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import AcceptedStatement, Moved, Muted, urls_in_parts
from preserve.store.catalogue import Catalogue, key_form
from preserve.store.layout import CollectionPaths


def accept_losses(
    paths: CollectionPaths, writer: Writer, urls: Sequence[str], *, reason: str, now: datetime
) -> list[str]:
    """States that the loss of these pages is known (of none: of all that the last run lost); gives their addresses.

    Raises:
        NotHeldError: one of them was not lost by the last run.
    """
    with WritingSession(paths, writer, command=f"rot accept {paths.name}", kinds=(AcceptedStatement,)) as session:
        lost = _lost(session.catalogue)
        if not urls and not lost:
            raise NotHeldError("no page that is held was lost by the last run")
        for url in urls:
            if key_form(canonical, url) not in lost:
                raise NotHeldError(
                    f"{url}: the last run did not lose a page there", next_step="`preserve rot` says what became of it."
                )
        known = [str(key_form(canonical, url)) for url in urls] or lost
        said = AcceptedStatement(urls=tuple(known), reason=reason, stated=format_utc(now), program=PROGRAM)
        session.state(list(urls_in_parts(said)))
        session.finish()
    return known


def _lost(catalogue: Catalogue) -> list[str]:
    """The pages that the last run lost, and that did not come whole since."""
    return [url for url, statement, _seen in catalogue.lost_by_last() if catalogue.last_whole(url, "") < statement]


def state_muted(
    paths: CollectionPaths, writer: Writer, urls: Sequence[str], *, muted: bool, reason: str, now: datetime
) -> list[str]:
    """States that these pages raise no alarm from now on, or (not ``muted``) that they do again; gives their addresses.

    Raises:
        NotHeldError: one of them was never captured or tried, or is not muted by a statement.
    """
    with WritingSession(paths, writer, command=f"rot mute {paths.name}", kinds=(Muted,)) as session:
        known = {_key(url): url for url in urls}
        leaves = session.leaves()
        stated = Judgements.read(session.catalogue, None if leaves is None else leaves.entry).muted
        for key, url in known.items():
            if muted and session.catalogue.last_whole(url, "") < 0:
                raise NotHeldError(f"{url}: no page is held from there", next_step="`preserve rot --all` lists those.")
            if not muted and key not in stated:
                raise NotHeldError(
                    f"{url}: no statement mutes it",
                    next_step="See `mute` in the collection's file; it mutes pages, too.",
                )
        said = Muted(urls=tuple(known), muted=muted, reason=reason, stated=format_utc(now), program=PROGRAM)
        session.state(list(urls_in_parts(said)))
        session.finish()
    return list(known)


def _key(url: str) -> str:
    try:
        return canonical(url)
    except FormatError as error:
        raise UsageError(f"{url}: {error}", next_step="Write it like https://example.org/page.") from error


def state_moved(paths: CollectionPaths, writer: Writer, old: str, new: str, *, reason: str, now: datetime) -> None:
    """States that the pages whose addresses begin with ``old`` begin with ``new`` now.

    Raises:
        UsageError: one is no beginning of addresses, or both are one.
    """
    for url in (old, new):
        try:
            begins = canonical(url)
        except FormatError as error:
            raise UsageError(f"{url}: {error}", next_step="Write it like https://example.org/.") from error
        if not url.endswith("/") or begins.count("/") < 3:  # noqa: PLR2004 - `http://host/`
            raise UsageError(
                f"{url}: a beginning of addresses ends with a slash", next_step="Write it like https://example.org/."
            )
    if canonical(old) == canonical(new):
        raise UsageError("old and new address are one", next_step="Write where the pages are now.")
    said = Moved(old=old, new=new, reason=reason, stated=format_utc(now), program=PROGRAM)
    with WritingSession(paths, writer, command=f"rot moved {paths.name}", kinds=(Moved,)) as session:
        session.state([said])
        session.finish()
