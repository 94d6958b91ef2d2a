"""Signed notes against the vectors of C2SP signed-note and Go's sumdb/note, and against every changed bit."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from preserve.errors import FormatError
from preserve.formats.tlog.note import (
    COSIGNATURE,
    BadSignatureError,
    NoteMalformedError,
    Signature,
    Signer,
    UnknownKeyError,
    Verifier,
    cosign_note,
    open_note,
    parse_note,
    parse_vkey,
)
from preserve.formats.tlog.signing import sign_note
from preserve.limits import DEFAULT_LIMITS

PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_VKEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
TEXT = "log.example/one\n5\nabc\n"


def signer(name: str = "log.example/one", seed: int = 1) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def line(name: str, value: bytes) -> str:
    return f"— {name} {base64.b64encode(value).decode()}\n"


def test_the_example_of_the_specification_opens() -> None:
    opened = open_note(C2SP_NOTE.encode(), [parse_vkey(C2SP_VKEY)])
    assert opened.text == "This is an example message.\n"
    assert [(s.name, s.key_id.hex()) for s in opened.verified] == [("example.com/foo", "530d903a")]
    assert opened.unverified == ()


def test_go_signs_the_same_bytes() -> None:
    peter = Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(PETER_SEED))
    assert peter.vkey == PETER_VKEY
    assert peter.key_id.hex() == "c74f20a3"
    assert sign_note(GO_TEXT, [peter]) == (GO_TEXT + "\n" + PETER_LINE).encode()


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    note = (GO_TEXT + "\n" + PETER_LINE + ENOCH_LINE).encode()
    peter, enoch = parse_vkey(PETER_VKEY), parse_vkey(ENOCH_VKEY)
    assert [s.name for s in open_note(note, [peter]).unverified] == ["EnochRoot"]
    both = open_note(note, [enoch, peter])
    assert [s.name for s in both.verified] == ["PeterNeumann", "EnochRoot"]
    assert both.unverified == ()
    assert "".join(s.line for s in both.verified) == PETER_LINE + ENOCH_LINE


@pytest.mark.parametrize("vkeys", [[], [C2SP_VKEY]])
def test_a_note_by_unknown_keys_only_is_refused(vkeys: list[str]) -> None:
    with pytest.raises(UnknownKeyError):
        open_note((GO_TEXT + "\n" + PETER_LINE).encode(), [parse_vkey(v) for v in vkeys])


def test_one_bad_signature_by_a_known_key_spoils_the_note() -> None:
    peter, enoch = parse_vkey(PETER_VKEY), parse_vkey(ENOCH_VKEY)
    bad = line("EnochRoot", enoch.key_id + bytes(64))
    for lines in (PETER_LINE + bad, bad + PETER_LINE):
        with pytest.raises(BadSignatureError, match="EnochRoot"):
            open_note((GO_TEXT + "\n" + lines).encode(), [peter, enoch])
        assert open_note((GO_TEXT + "\n" + lines).encode(), [peter]).text == GO_TEXT


def test_a_key_is_known_by_name_and_id_together() -> None:
    key = signer()
    other = replace(key.verifier, name="log.example/two")
    with pytest.raises(UnknownKeyError):
        open_note(sign_note(TEXT, [key]), [other])
    with pytest.raises(UnknownKeyError):
        open_note(sign_note(TEXT, [key]), [replace(key.verifier, key_id=bytes(4))])


def test_a_signature_repeated_counts_once_and_each_is_checked() -> None:
    key = signer()
    note = sign_note(TEXT, [key])
    own = note.decode().split("\n\n")[1]
    opened = open_note(note + own.encode(), [key.verifier])
    assert len(opened.verified) == 1
    with pytest.raises(BadSignatureError):
        open_note(note + line(key.name, key.key_id + bytes(64)).encode(), [key.verifier])


def test_two_different_known_keys_of_one_name_and_id_are_a_fault() -> None:
    first, second = signer(), signer(seed=2)
    twin = Verifier(first.name, first.key_id, second.verifier.public_key)
    with pytest.raises(NoteMalformedError, match="two known keys"):
        open_note(sign_note(TEXT, [first]), [first.verifier, twin])
    assert open_note(sign_note(TEXT, [first]), [first.verifier, first.verifier]).text == TEXT


def test_every_changed_byte_is_refused() -> None:
    key = signer()
    note = sign_note(TEXT, [key])
    for place in range(len(note)):
        for bit in range(8):
            changed = bytearray(note)
            changed[place] ^= 1 << bit
            with pytest.raises(FormatError):
                open_note(bytes(changed), [key.verifier])


def test_every_part_of_a_note_is_refused() -> None:
    key = signer()
    note = sign_note(TEXT, [key])
    for start in range(len(note)):
        for stop in range(start, len(note)):
            with pytest.raises(FormatError):
                open_note(note[start:stop], [key.verifier])
    for start in range(1, len(note)):
        with pytest.raises(FormatError):
            open_note(note[start:], [key.verifier])


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n")).map(lambda t: t + "\n"))
def test_any_text_comes_back(text: str) -> None:
    keys = [signer(), signer("witness.example", 2)]
    opened = open_note(sign_note(text, keys), [key.verifier for key in keys])
    assert opened.text == text
    assert len(opened.verified) == 2


@given(data=st.binary(max_size=300) | st.text(alphabet="— ab+=\n\t\u2028é", max_size=60).map(str.encode))
def test_any_bytes_are_a_note_or_malformed(data: bytes) -> None:
    try:
        note = parse_note(data)
    except NoteMalformedError:
        return
    assert (note.text + "\n" + "".join(s.line for s in note.signatures)).encode() == data


def test_the_text_ends_at_the_last_blank_line() -> None:
    text = "one\n\ntwo\n\n\n"
    assert parse_note(sign_note(text, [signer()])).text == text


GOOD = line("k", bytes(68))


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "text\n",
        "text\n" + GOOD,
        "text\n\n",
        "text\n\n\n",
        "text\n\n" + GOOD.rstrip("\n"),
        "text\n\n" + GOOD + "x",
        "text\n\n" + GOOD + "\n",
        "text\n\n" + GOOD.replace("—", "-"),
        "text\n\n" + GOOD.replace("— ", "—"),
        "text\n\n" + GOOD.replace(" k ", " k  "),
        "text\n\n" + GOOD.replace(" k ", "  "),
        "text\n\n" + GOOD.replace(" k ", " k+ "),
        "text\n\n" + GOOD.replace(" k ", " k\u00a0k "),
        "text\n\n" + GOOD.replace("=\n", "\n"),
        "text\n\n" + GOOD.replace("A=\n", "B=\n"),
        "text\n\n" + GOOD.replace("=\n", "= \n"),
        "text\n\n— k \n",
        "text\n\n— k ====\n",
        "text\n\n— k é\n",
        "text\n\n" + line("k", bytes(4)),
        "te\txt\n\n" + GOOD,
        "te\rxt\n\n" + GOOD,
        "te\0xt\n\n" + GOOD,
        "text\n\n" + GOOD.replace("\n", "\r\n"),
    ],
)
def test_what_is_no_note_is_malformed(note: str) -> None:
    with pytest.raises(NoteMalformedError):
        parse_note(note.encode())


def test_a_note_is_utf8() -> None:
    with pytest.raises(NoteMalformedError, match="UTF-8"):
        parse_note(b"t\xff\n\n" + GOOD.encode())


def test_the_bounds_of_a_note() -> None:
    keys = [signer(f"k{n}") for n in range(17)]
    note = sign_note(TEXT, keys[:16])
    assert len(open_note(note, [keys[15].verifier]).unverified) == 15
    with pytest.raises(NoteMalformedError, match="1 to 16"):
        sign_note(TEXT, keys)
    with pytest.raises(NoteMalformedError, match="more than 16"):
        parse_note(note + GOOD.encode())
    small = replace(DEFAULT_LIMITS, max_note_bytes=len(note) - 1)
    with pytest.raises(NoteMalformedError, match="bytes, more than"):
        parse_note(note, limits=small)
    with pytest.raises(NoteMalformedError, match="bytes, more than"):
        sign_note(TEXT, keys[:16], limits=small)


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "cr\r\n", "nul\0\n", "lone \ud800\n"])
def test_text_that_cannot_be_read_back_is_not_signed(text: str) -> None:
    with pytest.raises(NoteMalformedError):
        sign_note(text, [signer()])


def test_a_note_has_a_signer_and_none_twice() -> None:
    with pytest.raises(NoteMalformedError, match="1 to 16"):
        sign_note(TEXT, [])
    with pytest.raises(NoteMalformedError, match="twice"):
        sign_note(TEXT, [signer(), signer()])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "a\u2003b", "a\x01", "\ud800"])
def test_a_key_name_that_no_note_can_hold_is_refused(name: str) -> None:
    with pytest.raises(NoteMalformedError):
        signer(name)


def test_a_signer_does_not_show_its_key() -> None:
    key = signer()
    assert "Ed25519" not in repr(key)
    assert repr(key) == "Signer(name='log.example/one', kind=1)"


@pytest.mark.parametrize("vkey", [PETER_VKEY, C2SP_VKEY, "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6"])
def test_a_verifier_key_comes_back(vkey: str) -> None:
    assert parse_vkey(vkey).vkey == vkey


def test_the_verifier_of_a_signer_is_that_of_its_written_key() -> None:
    assert parse_vkey(signer().vkey) == signer().verifier


def vkey_of_type(kind: int) -> str:
    material = bytes([kind]) + signer().verifier.public_key.public_bytes_raw()
    key_id = hashlib.sha256(b"k\n" + material).digest()[:4].hex()
    return f"k+{key_id}+{base64.b64encode(material).decode()}"


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "+",
        "++",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        PETER_VKEY.replace("c74f20a3", "c74f20a4"),
        PETER_VKEY.replace("c74f20a3", "C74F20A3"),
        PETER_VKEY.replace("c74f20a3", "c74f20a"),
        PETER_VKEY.replace("Peter", "peter"),
        PETER_VKEY.replace("PeterNeumann", "Peter Neumann"),
        PETER_VKEY.replace("PeterNeumann", ""),
        PETER_VKEY[:-4],
        PETER_VKEY[:-1],
        PETER_VKEY + "\n",
        PETER_VKEY + "AAAA",
        " " + PETER_VKEY,
        PETER_VKEY + "é",
        PETER_VKEY.replace("ARpc", "????"),
        vkey_of_type(0),
        vkey_of_type(2),
    ],
)
def test_what_is_no_verifier_key_is_malformed(vkey: str) -> None:
    with pytest.raises(NoteMalformedError):
        parse_vkey(vkey)


def test_a_key_that_the_library_refuses_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        @staticmethod
        def from_public_bytes(data: bytes) -> None:
            raise ValueError("not a point of the curve")

    monkeypatch.setattr("cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PublicKey", Refusing)
    with pytest.raises(NoteMalformedError, match="no Ed25519 key"):
        parse_vkey(PETER_VKEY)


@pytest.mark.parametrize("kind", [0, 2, 3, 5, 6, 255])
def test_a_key_of_another_type_is_malformed(kind: int) -> None:
    assert parse_vkey(vkey_of_type(1)).name == parse_vkey(vkey_of_type(4)).name == "k"
    with pytest.raises(NoteMalformedError):
        parse_vkey(vkey_of_type(kind))


@given(st.text(max_size=80))
def test_any_text_is_a_verifier_key_or_malformed(text: str) -> None:
    with pytest.raises(NoteMalformedError):
        parse_vkey(text)


def test_a_signature_of_another_length_is_bad() -> None:
    key = signer()
    short = Signature(name=key.name, key_id=key.key_id, value=b"x").line
    with pytest.raises(BadSignatureError):
        open_note((TEXT + "\n" + short).encode(), [key.verifier])


def witness(seed: int = 7) -> Signer:
    return Signer("w.example/witness", Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32), COSIGNATURE)


def test_a_witness_signs_the_text_with_its_time() -> None:
    note = cosign_note(sign_note(TEXT, [signer()]), witness(), time=1_790_000_000)
    opened = open_note(note, [signer().verifier, witness().verifier])
    assert [s.name for s in opened.verified] == ["log.example/one", "w.example/witness"]
    value = opened.verified[1].value
    # C2SP tlog-cosignature: 8 bytes of time, 64 of Ed25519 over the header, the time and the whole text.
    assert (len(value), int.from_bytes(value[:8], "big")) == (72, 1_790_000_000)
    message = b"cosignature/v1\ntime 1790000000\n" + TEXT.encode()
    witness().key.public_key().verify(value[8:], message)
    key_id = hashlib.sha256(b"w.example/witness\n\x04" + witness().key.public_key().public_bytes_raw()).digest()[:4]
    assert opened.verified[1].key_id == witness().key_id == key_id
    assert witness().verifier.check(TEXT.encode(), value) == 1_790_000_000


def test_the_witnesss_key_of_the_specification_is_read() -> None:
    key = parse_vkey("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
    assert (key.name, key.kind, key.key_id.hex()) == ("remora.n621.de", COSIGNATURE, "da77ade7")


def test_a_witnesss_key_comes_back_and_is_another_than_the_same_key_of_a_log() -> None:
    assert parse_vkey(witness().vkey) == witness().verifier
    assert parse_vkey(witness().vkey).kind == COSIGNATURE
    assert Signer(witness().name, witness().key).key_id != witness().key_id


def test_every_change_of_a_cosignature_is_refused() -> None:
    note = cosign_note(sign_note(TEXT, [signer()]), witness(), time=1_790_000_000)
    value = parse_note(note).signatures[1].value
    for position in range(len(value)):
        for bit in range(8):
            changed = value[:position] + bytes([value[position] ^ (1 << bit)]) + value[position + 1 :]
            with pytest.raises(BadSignatureError):
                witness().verifier.check(TEXT.encode(), changed)
    for length in range(len(value)):
        with pytest.raises(BadSignatureError):
            witness().verifier.check(TEXT.encode(), value[:length])
    with pytest.raises(BadSignatureError):
        witness().verifier.check(TEXT.encode() + b"more\n", value)


def test_only_a_witnesss_key_cosigns_and_only_a_note() -> None:
    with pytest.raises(NoteMalformedError):
        cosign_note(sign_note(TEXT, [signer()]), signer(seed=3), time=1)
    with pytest.raises(NoteMalformedError):
        cosign_note(b"no note", witness(), time=1)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("vkey", [PETER_VKEY, C2SP_VKEY, witness().vkey])
def test_every_part_and_every_changed_byte_of_a_key_is_refused_or_another_key(vkey: str) -> None:
    parts = {vkey[start:end] for start in range(len(vkey)) for end in range(start, len(vkey) + 1)} - {vkey}
    # A part that leaves out the first letters of the name is no key: the ID is taken over the name.
    for part in parts:
        with pytest.raises(NoteMalformedError):
            parse_vkey(part)
    data = vkey.encode()
    for position in range(len(data)):
        for value in range(256):
            changed = data[:position] + bytes([value]) + data[position + 1 :]
            if changed == data:
                continue
            with pytest.raises((NoteMalformedError, UnicodeDecodeError)):
                parse_vkey(changed.decode())
