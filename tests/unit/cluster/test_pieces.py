"""A result that comes in pieces is the one that the worker has, or none."""

from collections.abc import Callable

import pytest

from preserve.cluster.pieces import fetched, piece_of, pieces_in

_FEW = 4


def _piece(*results: bytes) -> Callable[[int], bytes]:
    """The pieces of a result; of each further result those behind the first of the one before."""
    return lambda number: piece_of(results[min(number, len(results) - 1)], number, _FEW)


@pytest.mark.parametrize("result", [b"", b"123", b"1234", b"12345", b"123456789"])
def test_pieces_are_put_together(result: bytes) -> None:
    file = fetched(_piece(result))
    assert file is not None
    assert b"".join(pieces_in(file)) == result
    assert file.closed


def test_pieces_of_two_results_are_none() -> None:
    assert fetched(_piece(b"123456789", b"12345678X")) is None
    assert fetched(_piece(b"123456789", b"12345")) is None
    assert fetched(_piece(b"123456789", b"123456789, and more")) is None
    assert fetched(lambda _number: b"") is None
    # A worker that promises more than there can be is not asked for it.
    asked: list[int] = []

    def endless(number: int) -> bytes:
        asked.append(number)
        return bytes(32) + (1 << 62).to_bytes(8) + b"x"

    assert fetched(endless) is None
    assert asked == [0]
