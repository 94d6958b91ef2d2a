"""By which name and path a reader reaches an application of ours: as asked, or as a proxy that is named says."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?\Z")
_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]{1,64}){0,8}\Z")


@dataclass(frozen=True, slots=True)
class ServedNames:
    """What an application may be asked by.

    ``hosts``: names without ports; ``public_url``: where readers reach it, without a slash at the end, or nothing;
    ``proxies``: addresses of those whose X-Forwarded-* fields count.
    """

    hosts: Collection[str]
    public_url: str = ""
    proxies: Collection[str] = ()

    def knows(self, host: str) -> bool:
        """Whether a request may be addressed to this name: of another, another site has led a browser here."""
        match = _HOST.match(host)
        return match is not None and match[1].strip("[]").lower() in self.hosts

    def is_proxy(self, scope: Scope) -> bool:
        """Whether a request comes from a proxy that is named."""
        return str((scope.get("client") or ("", 0))[0]) in self.proxies

    def base(self, scope: Scope, headers: Headers) -> tuple[str, str]:
        """The prefix of every path, and how a reader reaches the application: scheme, host, and that prefix."""
        if self.public_url:
            rest = self.public_url.partition("://")[2]
            return "".join(f"/{part}" for part in rest.split("/")[1:]), self.public_url
        host = headers.get("host", "")
        scheme, prefix = str(scope.get("scheme", "http")), ""
        if self.is_proxy(scope):
            said = headers.get("x-forwarded-prefix", "").rstrip("/")
            prefix = said if _PREFIX.match(said) else ""
            scheme = "https" if headers.get("x-forwarded-proto", "").strip().lower() == "https" else scheme
            forwarded = headers.get("x-forwarded-host", "").strip()
            host = forwarded if self.knows(forwarded) else host
        return prefix, f"{scheme}://{host}{prefix}"


def is_service_worker(headers: Headers) -> bool:
    """Whether a browser asks for a script to let it answer for an origin (Service Workers, section "Update")."""
    return headers.get("service-worker", "").strip().lower() == "script"


def origin_of(url: str) -> str:
    """Scheme, host and port of an address of ours."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
