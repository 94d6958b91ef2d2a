"""MACs with the key hashed once are those of the standard library."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from preserve.provenance.mac import Mac


@given(key=st.binary(max_size=200), texts=st.lists(st.binary(max_size=300), max_size=4))
def test_the_macs_of_a_key_are_those_of_the_standard_library(key: bytes, texts: list[bytes]) -> None:
    mac = Mac(key)
    assert [mac.digest(text) for text in texts] == [hmac.digest(key, text, "sha256") for text in texts]
