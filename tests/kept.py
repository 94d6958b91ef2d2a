"""What many tests of a module begin with: made in the first of them, copied for the others.

A module that wants it imports `beginning`, `served` and `site`; its site then has one port in all of its tests.
"""

import copy
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from preserve.demo_site.pages import replies
from tests.objectserver import BUCKET, ObjectServer
from tests.shell import Shell
from tests.site import Handler, Server, Site


def _state(peer: Site | ObjectServer) -> dict[str, Any]:
    """Copies of what it holds and of what it was asked."""
    return {name: copy.copy(value) for name, value in vars(peer).items() if isinstance(value, dict | list | set)}


@dataclass(frozen=True)
class Beginning:
    """``folder``: where the state of a shell and of its user's home is kept; ``peers``: the state of what it talks to.

    Both by the name of the beginning.
    """

    folder: Path
    peers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def __call__(
        self, shell: Shell, make: Callable[[], object], *peers: Site | ObjectServer, name: str = "made"
    ) -> None:
        """Brings a shell and its peers to where ``make`` brings them, which is called once for a name."""
        kept = self.folder / name
        places = {kept / "shell": shell.folder, kept / "home": Path(os.environ["HOME"])}
        if name not in self.peers:
            make()
            for there, here in places.items():
                shutil.copytree(here, there, symlinks=True)
            self.peers[name] = [_state(peer) for peer in peers]
            return
        for there, here in places.items():
            shutil.copytree(there, here, symlinks=True, dirs_exist_ok=True)
        for peer, state in zip(peers, self.peers[name], strict=True):
            for part, value in state.items():
                setattr(peer, part, copy.copy(value))


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> Beginning:
    return Beginning(tmp_path_factory.mktemp("beginning"))


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def site(served: Server) -> Site:
    site = Site(port=served.server_address[1])
    served.site = site  # type: ignore[attr-defined]
    return site


def capture_mirror_twice(shell: Shell, site: Site) -> None:
    """Captures the demonstration's mirror into the collection ``demo``, twice, with the change between."""
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    for phase in (1, 2):
        site.replies.update({path: reply.wire() for path, reply in replies(phase).items()})
        shell("capture", "demo", status=None)


def copy_two_captures(shell: Shell, site: Site) -> None:
    """Captures a page that changes into the collection ``demo``, twice, and copies that into the store of the test."""
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    shell("init", "demo")
    shell("capture", "demo")
    site.page("/", b"<p>another</p>")
    shell("capture", "demo")
    shell("replicate", f"s3://{BUCKET}/copies", "demo")
