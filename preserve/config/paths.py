"""Paths as a person writes them into configuration."""


def check_absolute(text: str, *, like: str) -> str:
    """The text itself, if it is an absolute path of printable characters; ``like`` is an example of one.

    Raises:
        ValueError: it is not.
    """
    if not text.startswith("/") or not text.isprintable():
        raise ValueError(f"{text!r} is no absolute path; write it like {like}")
    return text
