"""Canonical JSON against the package rfc8785, and every other form of the same statement refused."""

import json
from collections import OrderedDict
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from preserve.errors import FormatError
from preserve.formats.tlog.statements import decode, encode
from preserve.limits import DEFAULT_LIMITS

LARGEST = 2**53 - 1
KEYS = st.text(st.characters(max_codepoint=127), max_size=6)
PLAIN = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.text(max_size=12)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
STATEMENTS = st.dictionaries(KEYS, VALUES, max_size=6)


class Kind(StrEnum):
    RECORD = "record"


class Number(IntEnum):
    ONE = 1


@given(STATEMENTS)
def test_the_bytes_are_those_of_rfc_8785(statement: dict[str, Any]) -> None:
    assert encode(statement) == rfc8785.dumps(statement)


@given(STATEMENTS)
def test_any_statement_comes_back(statement: dict[str, Any]) -> None:
    assert decode(encode(statement)) == statement


def test_every_ascii_character_is_written_as_rfc_8785_has_it() -> None:
    statement = {chr(code): chr(code) for code in range(128)}
    assert encode(statement) == rfc8785.dumps(statement)
    assert b'"\\u000b":"\\u000b"' in encode(statement)
    assert b'"\\u001f":"\\u001f"' in encode(statement)


def test_the_strings_of_the_standard() -> None:
    # RFC 8785 section 3.2.2, the part without fractions.
    statement = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", "literals": [None, True, False]}
    expected = '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    assert encode(statement) == expected.encode()


def test_order_of_keys_does_not_matter_and_tuples_are_lists() -> None:
    assert encode({"b": (1, (2,)), "a": {"d": 1, "c": 2}}) == b'{"a":{"c":2,"d":1},"b":[1,[2]]}'
    assert encode(MappingProxyType({"v": 1})) == encode(OrderedDict(v=1)) == b'{"v":1}'


def test_text_outside_ascii_is_not_escaped() -> None:
    assert encode({"t": "é\U0001f600\u2028\x7f"}) == '{"t":"é\U0001f600\u2028\x7f"}'.encode()


@pytest.mark.parametrize(
    "statement",
    [
        {"a": 1.0},
        {"a": float("nan")},
        {"a": b"bytes"},
        {"a": {1, 2}},
        {"a": object()},
        {"a": [1, [2.5]]},
        {"a": 2**53},
        {"a": -(2**53)},
        {"a": 10**400},
        {"a": Kind.RECORD},
        {"a": Number.ONE},
        {"a": OrderedDict(b=1)},
        {"a": "lone \ud800"},
        {"a": ["\udfff"]},
        {"é": 1},
        {"\ud800": 1},
        {1: "a"},
        {None: "a"},
        {"a": {2: 1}},
        {Kind.RECORD: 1},
    ],
)
def test_what_has_no_canonical_form_is_refused(statement: Any) -> None:
    with pytest.raises(FormatError):
        encode(statement)


def test_the_largest_integers() -> None:
    assert encode({"a": [LARGEST, -LARGEST]}) == b'{"a":[9007199254740991,-9007199254740991]}'


def test_the_longest_statement() -> None:
    text = "x" * (65_535 - len('{"a":""}'))
    assert len(encode({"a": text})) == 65_535
    assert decode(encode({"a": text})) == {"a": text}
    with pytest.raises(FormatError, match="65536 bytes"):
        encode({"a": text + "x"})
    with pytest.raises(FormatError, match="65536 bytes"):
        decode(b'{"a":"' + b"x" * (65_536 - 8) + b'"}')


def test_the_bound_can_be_lowered() -> None:
    small = replace(DEFAULT_LIMITS, max_statement_bytes=7)
    assert decode(encode({"a": 1}, limits=small), limits=small) == {"a": 1}
    with pytest.raises(FormatError):
        encode({"a": 10}, limits=small)
    with pytest.raises(FormatError):
        decode(b'{"a":10}', limits=small)


def test_the_most_values_that_fit_are_taken() -> None:
    statement = {"a": [1] * ((65_535 - len('{"a":[]}') + 1) // 2)}
    data = encode(statement)
    assert len(data) >= 65_534
    assert decode(data) == statement
    with pytest.raises(FormatError):
        encode({"a": [1] * 200_000})


def nested(levels: int) -> dict[str, object]:
    value: object = 1
    for _ in range(levels - 1):
        value = [value]
    return {"a": value}


def test_the_deepest_statement() -> None:
    assert decode(encode(nested(32))) == nested(32)
    with pytest.raises(FormatError, match="levels"):
        encode(nested(33))
    with pytest.raises(FormatError, match="levels"):
        decode(b'{"a":' + b"[" * 32 + b"1" + b"]" * 32 + b"}")


def test_a_statement_that_holds_itself_is_refused() -> None:
    endless: dict[str, object] = {}
    endless["a"] = endless
    with pytest.raises(FormatError, match="levels"):
        encode(endless)


def test_a_small_statement_that_would_be_written_large_is_refused_at_once() -> None:
    value: list[object] = [1, 1]
    for _ in range(30):
        value = [value, value]
    with pytest.raises(FormatError, match="bytes"):
        encode({"a": value})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"null",
        b"1",
        b'"a"',
        b"[]",
        b'[{"a":1}]',
        b"{",
        b'{"a":1',
        b'{"a":1}x',
        b'{"a":1}{}',
        b'{"a":1}\n',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"a":1,}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":1}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":-0}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":1E400}',
        b'{"a":9007199254740992}',
        b'{"a":99999999999999999999999999}',
        b'{"a":' + b"9" * 6000 + b"}",
        b'{"a":NaN}',
        b"{'a':1}",
        b'{"\\u0061":1}',
        b'{"a":"\\u0062"}',
        b'{"a":"\\/"}',
        b'{"a":"\\u000a"}',
        b'{"a":"\\u001F"}',
        b'{"a":"\\u00e9"}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xff"}',
        b'{"a":"\xc0\x80"}',
        b'{"a":"\n"}',
        b'{"\xc3\xa9":1}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":true,"a":true}',
        b"[" * 60_000,
        b'{"a":' * 13_000,
        b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
    ],
)
def test_what_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        decode(data)


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,01.eE+-a\\u ntrl', max_size=40).map(str.encode))
def test_any_bytes_are_one_statement_or_refused(data: bytes) -> None:
    try:
        statement = decode(data)
    except FormatError:
        return
    assert encode(statement) == data


@given(STATEMENTS, st.data())
def test_a_changed_statement_is_another_one_or_refused(statement: dict[str, Any], data: st.DataObject) -> None:
    written = encode(statement)
    place = data.draw(st.integers(0, len(written) - 1))
    changed = written[:place] + bytes([written[place] ^ (1 << data.draw(st.integers(0, 7)))]) + written[place + 1 :]
    try:
        other = decode(changed)
    except FormatError:
        return
    assert encode(other) == changed != written


@given(STATEMENTS)
def test_other_forms_of_the_same_json_are_refused(statement: dict[str, Any]) -> None:
    for other in (json.dumps(statement).encode(), json.dumps(statement, indent=1, ensure_ascii=False).encode()):
        if other != encode(statement):
            with pytest.raises(FormatError):
                decode(other)
