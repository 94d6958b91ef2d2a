"""Politeness in time: how long to wait before a host is asked again."""

from datetime import datetime
from urllib.parse import urlsplit


class Pace:
    """Keeps ``delay_s`` seconds between the end of one exchange with a host and the beginning of the next."""

    def __init__(self, *, delay_s: float) -> None:
        self._delay_s = delay_s
        self._ended: dict[str, datetime] = {}

    def delay(self, url: str, now: datetime) -> float:
        """Seconds to wait now; 0 or less: none. A clock that was put back makes no wait longer than ``delay_s``."""
        ended = self._ended.get(_host(url))
        if ended is None:
            return 0.0
        return min(self._delay_s, self._delay_s - (now - ended).total_seconds())

    def done(self, url: str, now: datetime) -> None:
        """Notes the end of an exchange."""
        self._ended[_host(url)] = now


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()
