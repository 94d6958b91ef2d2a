"""A made-up web and a made-up clock: whole captures without a socket and without waiting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from preserve.config.adaptive import AdaptiveConfig
from preserve.config.folder import load_collection
from preserve.crawler.capture import RunEnvironment, RunReport, capture
from preserve.errors import FormatError
from preserve.formats.http1.message import parse_response_head, split_head
from preserve.net.exchange import Exchange, Failure, Peer
from preserve.net.fetch import Pending
from preserve.provenance.founding import found_archive
from preserve.store.archive import open_archive

Reply = bytes | Failure
PEER = Peer(ip="192.0.2.1", addresses=("192.0.2.1",), tls=None, proxy=None)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


def html(body: str, *fields: str) -> bytes:
    """A page."""
    return reply(200, body, "Content-Type: text/html; charset=utf-8", *fields)


def reply(status: int, body: str | bytes = "", *fields: str) -> bytes:
    """Any reply."""
    data = body.encode() if isinstance(body, str) else body
    lines = "".join(f"{line}\r\n" for line in fields)
    return f"HTTP/1.1 {status} X\r\n{lines}Content-Length: {len(data)}\r\n\r\n".encode() + data


def links(*urls: str) -> bytes:
    """A page of links."""
    return html("".join(f'<a href="{url}">x</a>' for url in urls))


@dataclass
class Web:
    """``pages``: an address to its reply, or to the replies that it gives one after the other, the last for ever.

    ``asked``: when what was asked for, in seconds from the beginning. Each exchange takes ``took_s``.
    """

    pages: dict[str, Reply | list[Reply]] = field(default_factory=dict)
    took_s: float = 0.0
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    asked: list[tuple[float, str]] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    """The heads of all requests."""
    stop_after: int | None = None
    """Number of exchanges after which a run is told to stop."""
    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def clock(self) -> datetime:
        # Every look takes a little: no two records share a moment.
        self.now += timedelta(microseconds=1)
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += timedelta(seconds=seconds)

    def stop(self) -> bool:
        return self.stop_after is not None and len(self.asked) >= self.stop_after

    def answer(self, url: str) -> Reply:
        found = self.pages.get(url)
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        if found is not None:
            return found
        return NOT_FOUND

    def times(self, url: str) -> list[int]:
        """When an address was asked for, in whole seconds."""
        return [round(at) for at, asked in self.asked if asked == url]

    @property
    def paths(self) -> list[str]:
        """What was asked for but robots.txt, in order."""
        return [url for _at, url in self.asked if not url.endswith("/robots.txt")]


@dataclass(frozen=True)
class _Made:
    exchange: Exchange

    def quick(self, _patience_s: float) -> Exchange | None:
        return self.exchange

    def finish(self) -> Exchange:
        return self.exchange


@dataclass
class SimulatedFetcher:
    """The fetcher of a worker, without a network."""

    web: Web

    def begin(self, url: str, extra_headers: Mapping[str, str]) -> Pending:
        web = self.web
        started = web.clock()
        web.asked.append(((started - web.start).total_seconds(), url))
        web.now += timedelta(seconds=web.took_s)
        answer = web.answer(url)
        data = answer if isinstance(answer, bytes) else b""
        fields = "".join(f"{name}: {value}\r\n" for name, value in extra_headers.items())
        parts = urlsplit(url)
        request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n{fields}\r\n".encode()
        web.requests.append(request)
        try:
            head = parse_response_head(split_head(data)[0]) if data else None
        except FormatError:
            head = None
        return _Made(
            Exchange(
                url=url,
                method="GET",
                request_bytes=request,
                interim_bytes=b"",
                response_bytes=data,
                head=head,
                expected_bytes=None,
                received_bytes=len(data),
                started=started,
                ended=web.now,
                peer=PEER,
                withheld=(),
                truncated=None,
                error=None if isinstance(answer, bytes) else answer,
            )
        )

    def close(self) -> None:
        return


@dataclass
class Simulation:
    """Captures of one collection from a `Web`."""

    folder: Path
    web: Web = field(default_factory=Web)
    seeds: tuple[str, ...] = ("http://x.org/",)
    scope: str = "include: ['re:.*']"
    politeness: str = "delay_s: 0"
    adaptive: AdaptiveConfig | None = None
    second_reader: bool = False
    limits: Callable[[object], object] | None = None
    clock_is_right: bool = False
    more: str = ""
    """More lines of the collection's file."""
    accounts: dict[str, str] = field(default_factory=dict)

    @property
    def archives(self) -> Path:
        return self.folder / "archives"

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def run(self, *, processes: int = 1, **limits: object) -> RunReport:
        """One capture; ``limits`` replaces some of the bounds."""
        lines = "\n".join(f"  - {seed}" for seed in self.seeds)
        path = self.config / "collections" / "sim.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"title: A simulation\ncontact: test@example.org\nseeds:\n{lines}\n"
            f"scope:\n  {self.scope}\npoliteness:\n  {self.politeness}\nlayouts: []\n"
            f"second_reader: {str(self.second_reader).lower()}\n{self.more}",
            "utf-8",
        )
        config = load_collection(self.config, "sim")
        founded = found_archive(self.archives, "sim", keys=self.folder / "keys")
        self.accounts = {}
        return capture(
            config,
            open_archive(self.archives, "sim"),
            founded.writer,
            layouts={},
            secrets={},
            limits=replace(config.limits, **limits),
            around=RunEnvironment(
                clock=self.web.clock,
                wait=self.web.wait,
                stop=self.web.stop,
                progress=lambda _progress: None,
                account=self._account,
                fetcher=lambda: SimulatedFetcher(self.web),
                clock_is_right=self.clock_is_right,
            ),
            processes=processes,
            adaptive=self.adaptive,
        )

    def _account(self, url: str, state: str, reason: str) -> None:
        assert url not in self.accounts
        self.accounts[url] = f"{state} {reason}"
