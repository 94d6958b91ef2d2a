"""What this desk is, and what was done so that everybody can use it."""

from preserve.web.library import Shelf
from preserve.web.responses import Page
from preserve.web.routing import Asked


def about(shelf: Shelf, _asked: Asked) -> Page:
    """What is shown here, how far it can be relied on, and what is not shown."""
    entries = [
        {"what": one.cable or one.url or one.record, "reason": one.reason} for one in shelf.blocked.config.blocked
    ]
    return Page(
        template="about.html",
        title="About this desk",
        data={"blocked": entries},
        context={"blocked": entries, "names": shelf.names},
        twin="/about.json",
    )


def accessibility(_shelf: Shelf, _asked: Asked) -> Page:
    """The accessibility statement."""
    return Page(template="accessibility.html", title="Accessibility", data={})
