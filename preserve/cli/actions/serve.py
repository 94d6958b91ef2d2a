"""What ``preserve serve`` does: the web desk, until it is stopped.

Tested by ``tests/scenarios/test_desk.py``.
"""

import sys
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path

from preserve.cli.shared.common import Place, say
from preserve.cli.shared.loading import at_hand, public_names, trusted_keys
from preserve.errors import EnvironmentFaultError, NotHeldError, UsageError, install_step
from preserve.expressions import keep_no_more_expressions, lazy_re
from preserve.model import check_collection_name
from preserve.store.archive import list_collections

_PLACE = lazy_re(r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<host>[A-Za-z0-9.-]{1,253})):(?P<port>\d{1,5})\Z")
_PUBLIC = lazy_re(
    r"https?://(?P<host>[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?(?:/[A-Za-z0-9._~-]+)*/?\Z"
)
_EVERY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
_OWN = frozenset({"127.0.0.1", "localhost", "::1"})


def run(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    collections: tuple[str, ...],
    desk: str,
    exhibit: str,
    exhibit_url: str,
    own_copy: Path | None,
    hosts: tuple[str, ...],
    public: str,
    proxies: tuple[str, ...],
    metrics: str,
    descriptor: int | None,
    exhibit_descriptor: int | None,
) -> int:
    """Serve COLLECTIONS (all that are held), until SIGTERM or Ctrl-C."""
    keep_no_more_expressions()
    try:
        from preserve.web.server import ListeningPlace  # noqa: PLC0415 - an extra that not everybody has
        from preserve.web.server import serve as serve_desk  # noqa: PLC0415 - an extra that not everybody has
        from preserve.web.settings import DeskSettings  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise EnvironmentFaultError(
            f"the desk needs {error.name}, which is not installed",
            next_step=install_step("web"),
        ) from error
    (host, port), shown_at = _places(desk, exhibit, exhibit_url, public, own_copy)
    watched = _listen(metrics, "--metrics 127.0.0.1:8352") if metrics else None
    place = at_hand(place, collections)
    named = {name: public_names(place, name, keeps=False) for name in _held(place, collections)}
    settings = DeskSettings(
        archives=place.archives,
        config_dir=place.config_dir,
        keys=place.keys,
        collections=tuple(collections),
        hosts=_names(host, hosts, public),
        public_url=public.rstrip("/"),
        proxies=frozenset(_address(one) for one in proxies),
        replay_urls={name: url for name, (url, _ark) in named.items()},
        arks={name: ark for name, (_url, ark) in named.items()},
        exhibit_url=exhibit_url.rstrip("/"),
        exhibit_hosts=frozenset() if shown_at is None else _names(shown_at[0], (), exhibit_url),
        replay_web_page=own_copy,
        trusted=trusted_keys(place),
    )

    def begun(addresses: Mapping[str, str]) -> None:
        shown = {"desk": public or addresses["--desk"]}
        if shown_at is not None:
            shown["replay"] = exhibit_url or addresses["--replay"]
        if watched is not None:
            shown["metrics"] = f"{addresses['--metrics']}metrics"
        data = {"listening": addresses["--desk"], "replay": None, "metrics": None, "collections": list(named), **shown}
        place.emit(data, "".join(f"{name:<8} {address}\n" for name, address in shown.items()))
        sys.stdout.flush()
        say("preserve: serving; Ctrl-C ends it")

    serve_desk(
        settings,
        desk=ListeningPlace(host, port, descriptor),
        exhibit=None if shown_at is None else ListeningPlace(*shown_at, exhibit_descriptor),
        metrics=None if watched is None else ListeningPlace(*watched),
        begun=begun,
        say=lambda line: say(f"preserve: {line}"),
    )
    return 0


def install(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    systemd: bool,
    system: bool,
    desk: str,
    exhibit: str,
    exhibit_url: str,
    own_copy: Path | None,
    hosts: tuple[str, ...],
    public: str,
    proxies: tuple[str, ...],
    yes: bool,
) -> int:
    """Show the units of systemd that serve the desk; with ``yes``, write them."""
    from preserve.cli.shared.desk_install import install as install_desk  # noqa: PLC0415 - serving needs none of it
    from preserve.cli.shared.service_install import full_path  # noqa: PLC0415 - as above

    (host, _port), _shown_at = _places(desk, exhibit, exhibit_url, public, own_copy)
    _names(host, hosts, public)
    options = [("--public-url", public), ("--replay-url", exhibit_url)]
    options += [("--replay-web-page", "" if own_copy is None else str(full_path(own_copy)))]
    options += [("--host", name) for name in hosts] + [("--proxy", _address(one)) for one in proxies]
    return install_desk(
        place,
        systemd=systemd,
        system=system,
        desk=desk,
        room=exhibit,
        options=[word for name, value in options if value for word in (name, value)],
        yes=yes,
    )


def _places(
    desk: str, exhibit: str, exhibit_url: str, public: str, own_copy: Path | None
) -> tuple[tuple[str, int], tuple[str, int] | None]:
    """Host and port of the desk, and of the exhibit room where there is one.

    Raises:
        UsageError: they are none, or what is given of the room is of no use.
    """
    place = _listen(desk, "--desk 127.0.0.1:8350")
    shown_at = _room(exhibit, exhibit_url, place, public)
    if own_copy is not None and shown_at is None:
        raise UsageError("--replay-web-page is of no use alone", next_step="Give --replay 127.0.0.1:8351 too.")
    return place, shown_at


def _room(exhibit: str, exhibit_url: str, desk: tuple[str, int], public: str) -> tuple[str, int] | None:
    """Where the exhibit room listens; None: there is none.

    Raises:
        UsageError: a browser could not tell it from the desk.
    """
    if not exhibit:
        if exhibit_url:
            raise UsageError("--replay-url is of no use alone", next_step="Give --replay 127.0.0.1:8351 too.")
        return None
    found = _listen(exhibit, "--replay 127.0.0.1:8351")
    hosts = {found[0].lower(), desk[0].lower()}
    same_host = len(hosts) == 1 or hosts & _EVERY or hosts <= _OWN
    if found[1] == desk[1] != 0 and same_host:
        raise UsageError(
            "captured pages are shown on an address that is not the desk's",
            next_step="Write another port: --replay 127.0.0.1:8351.",
        )
    if exhibit_url and _PUBLIC.match(exhibit_url) is None:
        raise UsageError(f"{exhibit_url[:80]!r} is no address", next_step="Write https://replay.example.org.")
    if exhibit_url and public and _origin(exhibit_url) == _origin(public):
        raise UsageError(
            "captured pages are shown at another host or port than the desk",
            next_step="Give --replay-url a host of its own.",
        )
    return found


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].lower()
    return f"{scheme}://{host.removesuffix(':443' if scheme == 'https' else ':80')}"


def _held(place: Place, chosen: Sequence[str]) -> list[str]:
    """The collections that are served.

    Raises:
        NotHeldError: one that is named is not held, or there is none at all.
    """
    held = list_collections(place.archives)
    for name in chosen:
        if check_collection_name(name) not in held:
            raise NotHeldError(f"no archive of {name} is held under {place.archives}")
    if not held:
        raise NotHeldError(
            f"no archive is held under {place.archives}",
            next_step="Run `preserve demo`, or name the folder with --archives.",
        )
    return list(dict.fromkeys(chosen)) or held


def _listen(text: str, example: str) -> tuple[str, int]:
    match = _PLACE.match(text)
    if match is None or int(match["port"]) > 65_535:  # noqa: PLR2004 - the largest port
        raise UsageError(f"{text[:80]!r} is no address to listen on", next_step=f"Write {example}.")
    return match["six"] or match["host"], int(match["port"])


def _names(host: str, more: Sequence[str], public: str) -> frozenset[str]:
    """The names that a request may be addressed to. Any other is refused, so that no web site leads a browser here."""
    match = _PUBLIC.match(public) if public else None
    if public and match is None:
        raise UsageError(f"{public[:80]!r} is no address of a desk", next_step="Write https://example.org/cables.")
    own = {match["host"].strip("[]").lower()} if match is not None else set()
    return frozenset({*_OWN, *own, *(name.strip("[]").lower() for name in more), *({host.lower()} - _EVERY)})


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise UsageError(f"{text[:80]!r} is no address of a proxy", next_step="Write --proxy 127.0.0.1.") from error
