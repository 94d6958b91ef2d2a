"""Statements of people about pages that are lost: that it is known, and where a site has moved."""

from collections.abc import Sequence
from datetime import datetime

from preserve import PROGRAM
from preserve.errors import FormatError, NotHeldError, UsageError
from preserve.formats.urls import canonical
from preserve.model import format_utc
from preserve.provenance.session import Writer, WritingSession
from preserve.provenance.statements import AcceptedStatement, Moved, accepted_in_parts
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
        session.state(list(accepted_in_parts(said)))
        session.finish()
    return known


def _lost(catalogue: Catalogue) -> list[str]:
    """The pages that the last run lost, and that did not come whole since."""
    return [url for url, statement, _seen in catalogue.lost_by_last() if catalogue.last_whole(url, "") < statement]


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
