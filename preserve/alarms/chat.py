"""Alarms to chat and push services, through the library Apprise (ADR 27).

The library runs in a process of its own (`preserve.net.apprise_child`): it has a deadline, none of our environment, and
nothing that it prints is kept, for it may hold the address, which is a secret.
"""

import json
import sys
from pathlib import Path
from typing import Final

from preserve.alarms.command import run_to_end
from preserve.alarms.documents import text, title
from preserve.alarms.values import AlarmEvent, AlarmMessage, Patience
from preserve.errors import install_step
from preserve.net import apprise_child
from preserve.net.apprise_child import NO_SERVICE, NOT_INSTALLED, NOT_TAKEN, TAKEN
from preserve.net.deadline import RefusedError, UnreachedError

_CHILD = Path(apprise_child.__file__)
_TONES: Final = {AlarmEvent.RESOLVED: "success", AlarmEvent.TEST: "info", AlarmEvent.HAPPENED: "warning"}
_WHY: Final = {
    NOT_TAKEN: "the service did not take it",
    NO_SERVICE: "the address names no service that Apprise knows",
}


def notify(address: str, patience: Patience, message: AlarmMessage) -> None:
    """Sends a message to the service that an Apprise address names.

    Raises:
        UnreachedError: Apprise is not installed, or it failed.
        RefusedError: the service did not take it, or not in time; or there is no such service.
    """
    told = {
        "address": address,
        "title": f"[preserve] {title(message)}",
        "body": text(message),
        "tone": _TONES.get(message.event, "failure"),
    }
    given = json.dumps(told).encode("ascii")
    ended = run_to_end((sys.executable, "-P", str(_CHILD)), given, patience)
    if ended.status in _WHY:
        raise RefusedError(_WHY[ended.status])
    if ended.status == NOT_INSTALLED:
        raise UnreachedError(f"Apprise is not installed. {install_step('apprise')}")
    if ended.status != TAKEN:
        raise UnreachedError("the library Apprise failed")
