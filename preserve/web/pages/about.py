"""What this desk is, and what was done so that everybody can use it."""

from preserve.web.library import Shelf
from preserve.web.responses import DeskPage
from preserve.web.routing import DeskRequest


def about(shelf: Shelf, _asked: DeskRequest) -> DeskPage:
    """What is shown here, how far it can be relied on, and what is not shown."""
    entries = [
        {"what": one.cable or one.url or one.record, "reason": one.reason} for one in shelf.blocked.config.blocked
    ]
    return DeskPage(
        template="about.html",
        title="About this desk",
        data={"blocked": entries},
        context={"blocked": entries, "names": shelf.names},
        twin="/about.json",
    )


def accessibility(_shelf: Shelf, _asked: DeskRequest) -> DeskPage:
    """The accessibility statement."""
    return DeskPage(template="accessibility.html", title="Accessibility", data={})
