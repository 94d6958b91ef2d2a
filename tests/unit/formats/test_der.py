"""Values of DER, and the order of certificates in a time authority's reply, whatever the bytes are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.der import values, with_certificates_in_order


def test_values_stand_behind_one_another() -> None:
    assert values(b"") == []
    assert values(b"\x02\x01\x05\x04\x81\x01a") == [(2, 0, 2, 3), (4, 3, 6, 7)]


@pytest.mark.parametrize(
    "data", [b"\x02", b"\x02\x01", b"\x30\x80\x00\x00", b"\x02\x85\x00\x00\x00\x00\x01a", b"\x02\x82\x01"]
)
def test_what_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        values(data)


@given(st.binary(max_size=200))
def test_any_bytes_come_back_in_their_length(data: bytes) -> None:
    assert len(with_certificates_in_order(data)) == len(data)
