"""What ``preserve new`` does: a collection from one address, its file with a comment at each key."""

from contextlib import closing
from pathlib import Path

from preserve.cables.page.titles import page_title
from preserve.cli.shared.common import Place
from preserve.cli.shared.configured import own_contact
from preserve.cli.shared.loading import all_layouts
from preserve.cli.shared.output import file_fault
from preserve.cli.shared.turns import fleet_turns
from preserve.config.collection import CollectionConfig
from preserve.config.folder import list_collections, list_layouts, parse_collection
from preserve.config.place import bundled_config_dir, user_config_dir
from preserve.config.writing import collection_file, single_page
from preserve.crawler.browser.gates import in_turn
from preserve.errors import NetworkError, UsageError
from preserve.formats.http1.stream import Payload
from preserve.model import check_collection_name
from preserve.net.fetch import Fetcher
from preserve.provenance.describe import HTML_TYPES, cables_in, decoded_content, http_payload, media_type
from preserve.store.durable import make_dir, write_atomic
from preserve.text import terminal_line


def new(place: Place, *, name: str, url: str, contact: str | None) -> int:
    """Write the file of the collection NAME, which begins at URL and takes what lies beside it."""
    check_collection_name(name)
    folder = place.config_dir if place.config_dir != bundled_config_dir() else user_config_dir()
    path = folder / "collections" / f"{name}.yaml"
    if name in list_collections(folder):
        raise UsageError(f"{path} is there already", next_step="Choose another name, or edit that file.")
    config = single_page(url, contact=own_contact(place, contact), layouts=list_layouts(place.config_dir))
    payload = _asked(config, config.seeds[0])
    layouts = all_layouts(place)
    content = decoded_content(payload, config.limits)
    read = sorted({cable.layout for cable in cables_in(payload, content, tuple(layouts.values())).cables})
    about = (
        f"Layouts that read this page: {', '.join(read)}." if read else "No known layout reads this page as a cable."
    )
    text = collection_file(
        title=_title(payload, content) or name, contact=config.contact, url=config.seeds[0], layouts=read, about=about
    )
    parse_collection(text.encode(), name=name, source=str(path), layouts=list_layouts(place.config_dir))
    _write(path, text)
    place.emit(
        {"collection": name, "file": str(path), "layouts": read, "status": payload.head.status},
        f"{path}\n  the page answers with status {payload.head.status}\n  {about}\n"
        f"next: look at the file, then `preserve init {name}` and `preserve capture {name}`\n",
    )
    return 0


def _asked(config: CollectionConfig, url: str) -> Payload:
    fetcher = Fetcher(
        user_agent=config.user_agent,
        limits=config.limits,
        allow_addresses=config.allow_addresses,
        verify_tls=True,
    )
    with closing(fetcher), fleet_turns() as turns:
        exchange = in_turn(fetcher, turns, config.politeness.delay_s).fetch(url)
    payload = http_payload(exchange.response_bytes) if exchange.error is None else None
    if payload is None:
        raise NetworkError(
            f"{url} gave no reply: {exchange.error or 'malformed-reply'}",
            next_step="See the address and the connection.",
        )
    return payload


def _title(payload: Payload, content: bytes | None) -> str:
    if content is None or media_type(payload.head) not in HTML_TYPES:
        return ""
    declared = payload.head.get(b"content-type")
    return terminal_line(page_title(content, None if declared is None else declared.decode("latin-1")), 200)


def _write(path: Path, text: str) -> None:
    make_dir(path.parent)
    try:
        write_atomic(path, text.encode())
    except OSError as error:
        raise file_fault(path, error) from error
