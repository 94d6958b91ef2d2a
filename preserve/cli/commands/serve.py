"""``preserve serve``: the web desk, to read what is held with a browser.

Tested by ``tests/scenarios/test_desk.py``.
"""

from pathlib import Path

import click

from preserve.cli.shared.common import Place, command_options, reading_options


class _Serve(click.Group):
    """`preserve serve NAME` is `preserve serve run NAME`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the name of the usual command before what is not one."""
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Serve)
def serve() -> None:
    """Serve archives as web pages, to read, search, compare, check and cite: the desk (docs/desk.md).

    `preserve serve` alone serves all that is held, on this machine only. It writes nothing and connects to nothing.

    For example: `preserve serve`
    """


_exhibit_option = click.option(
    "--replay",
    "exhibit",
    default="",
    metavar="HOST:PORT",
    help="Where to show captured pages as they were, for example 127.0.0.1:8351.",
)
_exhibit_url_option = click.option(
    "--replay-url", default="", metavar="URL", help="Where readers reach that through a proxy."
)
_own_copy_option = click.option(
    "--replay-web-page",
    "own_copy",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Your own unpacked copy of ReplayWeb.page, to be given out beside the captured pages.",
)
_hosts_option = click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="A name that the desk is asked by. May be repeated."
)
_public_option = click.option(
    "--public-url", "public", default="", metavar="URL", help="Where readers reach it through a proxy."
)
_proxies_option = click.option(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="ADDRESS",
    help="The address of a proxy whose X-Forwarded-* fields count. May be repeated.",
)


@serve.command(short_help="Serve until stopped.")
@click.argument("collections", nargs=-1)
@click.option("--desk", default="127.0.0.1:8350", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@_exhibit_option
@_exhibit_url_option
@_own_copy_option
@_hosts_option
@_public_option
@_proxies_option
@click.option("--metrics", default="", metavar="HOST:PORT", help="Where to give out /metrics, for Prometheus.")
@click.option("--listening-fd", "descriptor", type=click.IntRange(3), hidden=True)
@click.option("--replay-fd", "exhibit_descriptor", type=click.IntRange(3), hidden=True)
@reading_options
def run(  # noqa: PLR0913 - one for each option
    place: Place,
    collections: tuple[str, ...],
    *,
    desk: str,
    exhibit: str,
    replay_url: str,
    own_copy: Path | None,
    hosts: tuple[str, ...],
    public: str,
    proxies: tuple[str, ...],
    metrics: str,
    descriptor: int | None,
    exhibit_descriptor: int | None,
) -> int:
    """Serve COLLECTIONS (all that are held), until SIGTERM or Ctrl-C.

    Search needs an index: `preserve list` makes one that is not there yet. Whoever can reach the address can read
    everything that is held, but for what config/blocked.yaml names.

    For example: `preserve serve run --replay 127.0.0.1:8351`
    """
    from preserve.cli.actions import serve as actions

    return actions.run(
        place,
        collections=collections,
        desk=desk,
        exhibit=exhibit,
        exhibit_url=replay_url,
        own_copy=own_copy,
        hosts=hosts,
        public=public,
        proxies=proxies,
        metrics=metrics,
        descriptor=descriptor,
        exhibit_descriptor=exhibit_descriptor,
    )


@serve.command(short_help="Set up systemd to serve the desk.")
@click.option("--systemd", is_flag=True, help="Units of systemd: a socket, and the desk as a service behind it.")
@click.option("--system", is_flag=True, help="Units of the whole system, which run as you. [default: your own units]")
@click.option("--desk", default="127.0.0.1:8350", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@_exhibit_option
@_exhibit_url_option
@_own_copy_option
@_hosts_option
@_public_option
@_proxies_option
@click.option("--yes", is_flag=True, help="Write what is shown.")
@command_options
def install(  # noqa: PLR0913 - one for each option
    place: Place,
    *,
    systemd: bool,
    system: bool,
    desk: str,
    exhibit: str,
    replay_url: str,
    own_copy: Path | None,
    hosts: tuple[str, ...],
    public: str,
    proxies: tuple[str, ...],
    yes: bool,
) -> int:
    """Show the units of systemd that serve the desk of these archives; with --yes, write them.

    systemd listens, and begins the desk with the first request.

    For example: `preserve serve install --systemd --yes`
    """
    from preserve.cli.actions import serve as actions

    return actions.install(
        place,
        systemd=systemd,
        system=system,
        desk=desk,
        exhibit=exhibit,
        exhibit_url=replay_url,
        own_copy=own_copy,
        hosts=hosts,
        public=public,
        proxies=proxies,
        yes=yes,
    )
