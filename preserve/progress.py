"""How far a long work is, told again and again to whoever shows it."""

from typing import Protocol


class Tell(Protocol):
    """Is told what is at hand, how many are done, how many bytes, and of how many, where that is known."""

    def __call__(
        self, subject: str, done: int, /, *, done_bytes: int | None = None, total: int | None = None
    ) -> object:
        """One more step."""
        ...


def untold(_subject: str, _done: int, /, *, done_bytes: int | None = None, total: int | None = None) -> None:
    """Nobody shows it."""
