"""A session of HTTP for requests that are no capture: to time authorities, and to whoever watches this machine."""

import requests


def plain_session(proxy: str | None) -> requests.Session:
    """A session that goes through ``proxy``, an address, where it is given. The caller closes it."""
    session = requests.Session()
    # Neither a proxy nor passwords out of the environment.
    session.trust_env = False
    session.proxies = {} if proxy is None else {"http": proxy, "https": proxy}
    return session
