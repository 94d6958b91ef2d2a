"""Many hosts on loopback, each a tree of pages with faults among its leaves. Run as a process of its own.

``python -m tests.soak.server HOSTS PAGES`` writes the port, serves 127.0.0.2 and on, and ends with its standard input.
"""

import asyncio
import gzip
import re
import sys
from collections import Counter
from dataclasses import dataclass, field

_REQUEST = re.compile(rb"GET (/p/(\d+)(\?moved)?|/robots\.txt) HTTP/1\.1\r\nHost: 127\.0\.0\.(\d+):")
FIRST_HOST = 2
BRANCHES = 4
FAULTS = ("503 once", "reset", "cut", "404", "moved", "slow", "malformed", "chunked", "gzip")
_FAULT_EVERY = 30
_SLOW_S = 0.03


def fault_of(host: int, page: int, pages: int) -> str | None:
    """What is wrong with a page; only leaves have faults, so that every page can be reached."""
    if page * BRANCHES + 1 < pages:
        return None
    number = (host * 7919 + page * 104729) % _FAULT_EVERY
    return FAULTS[number] if number < len(FAULTS) else None


def links_of(host: int, page: int, hosts: int, pages: int, port: int) -> list[str]:
    """The addresses that a page links to: its branches, and the first page of the next host."""
    found = [
        f"http://127.0.0.{FIRST_HOST + host}:{port}/p/{child}"
        for child in range(page * BRANCHES + 1, page * BRANCHES + 1 + BRANCHES)
        if child < pages
    ]
    if page == 0 and host + 1 < hosts:
        found.append(f"http://127.0.0.{FIRST_HOST + host + 1}:{port}/p/0")
    return found


def expected_outcomes(hosts: int, pages: int, port: int) -> dict[str, str]:
    """Every address with how it ends."""
    ends = {
        "reset": "failed disconnect",
        "cut": "done cut-disconnect",
        "404": "done http-404",
        "moved": "done http-302",
        "malformed": "done malformed-reply",
    }
    outcomes = {}
    for host in range(hosts):
        for page in range(pages):
            url = f"http://127.0.0.{FIRST_HOST + host}:{port}/p/{page}"
            fault = fault_of(host, page, pages)
            outcomes[url] = ends.get(fault or "", "done http-200")
            if fault == "moved":
                outcomes[f"{url}?moved"] = "done http-200"
    return outcomes


@dataclass
class _Site:
    hosts: int
    pages: int
    port: int = 0
    asked: Counter[bytes] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                match = _REQUEST.match(head)
                if match is None:
                    break
                if not await self._answer(match, writer):
                    break
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def _answer(self, match: re.Match[bytes], writer: asyncio.StreamWriter) -> bool:
        """Writes a reply; false where the connection ends with it."""
        if match[2] is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return True
        host, page = int(match[4]) - FIRST_HOST, int(match[2])
        key = b"%d %b" % (host, match[1])
        self.asked[key] += 1
        fault = None if match[3] else fault_of(host, page, self.pages)
        links = "".join(f'<a href="{url}">x</a>' for url in links_of(host, page, self.hosts, self.pages, self.port))
        body = f"<title>{host} {page}</title><p>{'text ' * 40}</p>{links}".encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
        match fault:
            case "503 once" if self.asked[key] == 1:
                writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
            case "reset":
                writer.transport.abort()
                return False
            case "cut":
                writer.write(head + b"Content-Length: %d\r\n\r\n%b" % (len(body) + 9, body))
                return False
            case "404":
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone")
            case "moved":
                writer.write(b"HTTP/1.1 302 Found\r\nLocation: ?moved\r\nContent-Length: 0\r\n\r\n")
            case "malformed":
                writer.write(b"rubbish " * 9)
                return False
            case "chunked":
                chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
                writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
            case "gzip":
                body = gzip.compress(body, 1)
                writer.write(head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            case _:
                if fault == "slow":
                    await asyncio.sleep(_SLOW_S)
                writer.write(head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        return True


async def _main(hosts: int, pages: int) -> None:
    site = _Site(hosts, pages)
    servers = []
    for host in range(hosts):
        server = await asyncio.start_server(site.serve, f"127.0.0.{FIRST_HOST + host}", site.port)
        site.port = server.sockets[0].getsockname()[1]
        servers.append(server)
    print(site.port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server in servers:
        server.close()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
