"""WACZ packages: what is read of them, what is refused, and what is found wrong."""

import base64
import datetime as dt
import hashlib
import io
import json
import struct
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from preserve.errors import FormatError
from preserve.formats.wacz import Package, Resource, open_package, package_defects, package_signature
from preserve.formats.waczsignature import Authorities
from preserve.formats.warc.record import compress_member, make_record, record_bytes

ORACLES = Path(__file__).parents[3] / ".oracles" / "bin"
LIST, DIGEST = "datapackage.json", "datapackage-digest.json"
WARC = compress_member(
    record_bytes(
        make_record(
            [("WARC-Type", "resource"), ("WARC-Record-ID", "<urn:uuid:1>"), ("WARC-Date", "2026-01-01T00:00:00Z")],
            b"An invented page. " * 20,
        )
    )
)
MEMBERS = {
    "archive/data.warc.gz": WARC,
    "indexes/index.cdx": b'org,example)/ 20260101000000 {"url": "http://example.org/"}\n',
    "pages/pages.jsonl": b'{"format": "json-pages-1.0", "id": "pages", "title": "Pages"}\n' * 4,
}
NOTHING: Mapping[str, bytes] = {}
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def listing(members: Mapping[str, bytes], **fields: Any) -> bytes:
    resources = [
        {"name": name.rpartition("/")[2], "path": name, "hash": sha256(data), "bytes": len(data)}
        for name, data in members.items()
    ]
    return json.dumps({"profile": "data-package", "wacz_version": "1.1.1", "resources": resources, **fields}).encode()


def digest_of(listed: bytes, **fields: Any) -> bytes:
    return json.dumps({"path": LIST, "hash": sha256(listed), **fields}).encode()


def zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".jsonl") else zipfile.ZIP_STORED
            archive.writestr(info, data)
    return buffer.getvalue()


def package(
    members: Mapping[str, bytes] = MEMBERS, *, others: Mapping[str, bytes] = NOTHING, listed: bytes = b""
) -> bytes:
    """A package with a true list and digest; ``others`` are added or replaced after they were made."""
    listed = listed or listing(members)
    return zipped({**members, LIST: listed, DIGEST: digest_of(listed)} | dict(others))


def defects(data: bytes) -> list[tuple[str, str, str]]:
    return found_in(open_package(io.BytesIO(data)))


def found_in(opened: Package) -> list[tuple[str, str, str]]:
    return list(package_defects(opened, package_signature(opened, Authorities(now=NOW))))


def codes(data: bytes) -> list[str]:
    return [code for code, _where, _detail in defects(data)]


def test_a_package_is_read() -> None:
    found = open_package(io.BytesIO(package()))
    assert found.names == (*MEMBERS, LIST, DIGEST)
    assert found.warc_names == ("archive/data.warc.gz",)
    assert found.datapackage["wacz_version"] == "1.1.1"
    assert found.resources[0] == Resource(
        name="data.warc.gz", path="archive/data.warc.gz", size=len(WARC), hash=sha256(WARC)
    )
    for name, data in MEMBERS.items():
        with found.open(name) as stream:
            assert stream.read(5) + stream.read() == data
            assert not stream.seekable()
    with pytest.raises(FormatError):
        found.open("archive/other.warc.gz")
    assert codes(package()) == ["I-WACZ-UNSIGNED"]


def test_records_of_every_kind_are_named_and_folders_are_no_defect() -> None:
    members = {f"archive/{name}": b"" for name in ("a.warc", "b.warc.gz", "c.arc", "d.arc.gz", "e.txt")}
    members |= {"f.warc.gz": b""} | MEMBERS
    data = package(members, others={"archive/": b"", "notes/": b""})
    assert len(open_package(io.BytesIO(data)).warc_names) == 5
    assert codes(data) == ["I-WACZ-UNSIGNED"]
    assert ("E-WACZ-UNLISTED", "notes/") in [defect[:2] for defect in defects(package(others={"notes/": b"hidden"}))]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (package(others={"archive/more.warc": b""}), ("E-WACZ-UNLISTED", "archive/more.warc")),
        (zipped({**MEMBERS, LIST: listing({**MEMBERS, "a.txt": b""})}), ("E-WACZ-MISSING", "a.txt")),
        (package(others={"indexes/index.cdx": b"other"}), ("E-WACZ-HASH", "indexes/index.cdx")),
        (package(others={"archive/data.warc.gz": WARC[:-1]}), ("E-WACZ-HASH", "archive/data.warc.gz")),
        (package(others={"archive/data.warc.gz": WARC[:-1] + b"x"}), ("E-WACZ-HASH", "archive/data.warc.gz")),
        (package(others={"pages/pages.jsonl": b"\x00" * 50_000_000}), ("E-WACZ-HASH", "pages/pages.jsonl")),
        (zipped(MEMBERS), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=b"{"), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=b"\xff"), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=b"[]"), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=b"[" * 100_000), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=listing(MEMBERS, resources={})), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=listing(MEMBERS, resources=[1])), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=listing(MEMBERS, profile="\ud800")), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=listing(MEMBERS, profile=None)), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=listing(MEMBERS, more=float("nan"))), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=listing(MEMBERS)[:-1] + b', "resources": []}'), ("E-WACZ-PACKAGE", LIST)),
        (package(listed=listing({**MEMBERS, "../a": b""})), ("E-WACZ-PACKAGE", LIST)),
        (package(others={DIGEST: b"{}"}), ("E-WACZ-DIGEST", DIGEST)),
        (package(others={DIGEST: b"nothing"}), ("E-WACZ-DIGEST", DIGEST)),
        (package(others={DIGEST: digest_of(listing(MEMBERS), path="a.json")}), ("E-WACZ-DIGEST", DIGEST)),
        (package(others={DIGEST: digest_of(listing(MEMBERS), signedData=5)}), ("E-WACZ-DIGEST", DIGEST)),
        (package(others={LIST: listing(MEMBERS, title="other")}), ("E-WACZ-DIGEST", DIGEST)),
        (zipped({**MEMBERS, LIST: listing(MEMBERS)}), ("I-WACZ-UNSIGNED", DIGEST)),
        (package({"pages/pages.jsonl": b""}), ("W-WACZ-INDEX", "indexes/")),
        (package({"indexes/index.cdx": b""}), ("W-WACZ-INDEX", "pages/pages.jsonl")),
    ],
)
def test_what_is_wrong_is_named(data: bytes, expected: tuple[str, str]) -> None:
    found = defects(data)
    assert expected in [defect[:2] for defect in found]
    for _code, where, detail in found:
        # It can be shown: no lone surrogate, no line end, no page of it.
        assert len((where + detail).encode()) < 1000
        assert "\n" not in where + detail


def test_a_resource_that_is_listed_twice_or_by_half_is_named() -> None:
    entry = json.loads(listing(MEMBERS))["resources"][0]
    for wrong in (entry, {**entry, "bytes": -1}, {**entry, "bytes": True}, {**entry, "hash": None}, {"path": "a"}):
        listed = listing(MEMBERS, resources=[*json.loads(listing(MEMBERS))["resources"], wrong])
        assert codes(package(listed=listed)) == ["E-WACZ-PACKAGE", "I-WACZ-UNSIGNED"]
    md5 = listing(MEMBERS, resources=[{**entry, "hash": "md5:" + hashlib.md5(WARC).hexdigest()}])
    assert codes(package(listed=md5))[0] == "E-WACZ-HASH"


@pytest.mark.parametrize(
    "name", ["/a", "../a", "a/../b", "a/..", "./a", "a//b", "a\\b", "C:/a", "a\nb", "..", ".", "a/.", "//"]
)
def test_names_that_are_no_relative_path_are_refused(name: str) -> None:
    with pytest.raises(FormatError):
        open_package(io.BytesIO(package(others={name: b"a"})))


def test_names_with_dots_are_taken() -> None:
    members = {**MEMBERS, "a..b/.c/...": b"", ".d": b"", "e.": b"", "f/\u00e9": b"g"}
    assert codes(package(members)) == ["I-WACZ-UNSIGNED"]


def test_two_members_of_one_name_are_refused() -> None:
    data = package(others={"archive/data.warc.gx": b"a"})
    with pytest.raises(FormatError, match="two members"):
        open_package(io.BytesIO(data.replace(b"warc.gx", b"warc.gz")))
    with pytest.raises(FormatError, match="with the name"):
        open_package(io.BytesIO(data.replace(b"warc.gx", b"warc\x00gx")))


def test_bounds_hold() -> None:
    data = package()
    with pytest.raises(FormatError, match="5 members"):
        open_package(io.BytesIO(data), max_members=4)
    small = found_in(open_package(io.BytesIO(data), max_members=5, max_json_bytes=50))
    assert {"E-WACZ-PACKAGE", "E-WACZ-DIGEST"} <= {code for code, _where, _detail in small}


@pytest.mark.parametrize("data", [b"", b"PK", b"no package", package()[:-30], package()[40:-10]])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        open_package(io.BytesIO(data))


def central(data: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Where every entry of the ZIP's directory begins and ends (APPNOTE section 4.3.12)."""
    at = struct.unpack_from("<I", data, len(data) - 6)[0]
    while data[at : at + 4] == b"PK\x01\x02":
        end = at + 46 + sum(struct.unpack_from("<HHH", data, at + 28))
        yield at, end
        at = end


@pytest.mark.parametrize(
    ("offset", "form", "value", "says"),
    [
        (8, "<H", 1, "encrypted"),
        (8, "<H", 0x40, "encrypted"),
        (10, "<H", 14, "method 14"),
        (6, "<H", 99, "version"),
        (24, "<I", 5, "two sizes"),
        (42, "<I", 5, "lies in another"),
        (42, "<I", 0xFFFFFFF0, "past the end"),
    ],
)
def test_entries_that_no_reader_should_follow_are_refused(offset: int, form: str, value: int, says: str) -> None:
    data = bytearray(package())
    struct.pack_into(form, data, list(central(data))[1][0] + offset, value)
    with pytest.raises(FormatError, match=says):
        open_package(io.BytesIO(data))


def test_a_directory_that_points_out_of_the_file_is_refused() -> None:
    for offset in (len(package()) - 10, len(package()) - 6):
        for value in (0, 5, 0x7FFFFFFF, 0xFFFFFFFF):
            data = bytearray(package())
            struct.pack_into("<I", data, offset, value)
            try:
                found = open_package(io.BytesIO(data))
            except FormatError:
                continue
            assert "E-WACZ-PACKAGE" in [code for code, _where, _detail in found_in(found)]


def test_damage_to_a_member_is_a_format_error_while_it_is_read() -> None:
    for name in ("indexes/index.cdx", "pages/pages.jsonl"):
        data = bytearray(package())
        start = data.index(name.encode()) + len(name)
        data[start + 3] ^= 0x01
        with open_package(io.BytesIO(data)).open(name) as stream, pytest.raises(FormatError):
            stream.read()


# APPNOTE sections 4.3.7, 4.3.12 and 4.3.16: fields that the standard library does not read, or that change nothing in
# what it reads. All of them stand in headers, but for what deflate leaves open: the mark of the last block, and the
# bits behind the last byte of the content.
LOCAL = ((4, "version"), (6, "flags"), (8, "method"), (10, "time"), (14, "checksum"), (18, "sizes"), (26, "lengths"))
ENTRY = (
    *((4, "made by"), (6, "version"), (8, "flags"), (10, "method"), (12, "time"), (16, "checksum"), (20, "packed")),
    *((24, "size"), (28, "lengths"), (34, "disk"), (36, "attributes"), (42, "offset")),
)
END = ((4, "disks"), (8, "counts"), (12, "size"), (16, "offset"), (20, "comment"))
UNREAD = {
    "deflated",
    *(f"local {name}" for name in ("version", "flags", "method", "time", "checksum", "sizes")),
    # Packed: one byte less of a deflated member, whose content ends before. Lengths: of an extra field at the very end.
    *(f"entry {name}" for name in ("made by", "version", "flags", "time", "packed", "lengths", "disk", "attributes")),
    # Counts: the one of this disk, of two.
    *(f"end {name}" for name in ("disks", "counts")),
}


def places(data: bytes) -> list[str]:
    """What every byte of a ZIP without extra fields and comments is."""
    label = ["data"] * len(data)

    def mark(kind: str, at: int, fields: tuple[tuple[int, str], ...], end: int) -> None:
        label[at:end] = [f"{kind} signature"] * (end - at)
        for (start, name), stop in zip(fields, [*(start for start, _name in fields[1:]), end - at], strict=True):
            label[at + start : at + stop] = [f"{kind} {name}"] * (stop - start)

    for at, end in central(data):
        mark("entry", at, (*ENTRY, (46, "name")), end)
        local = struct.unpack_from("<I", data, at + 42)[0]
        data_at = local + 30 + end - at - 46
        mark("local", local, (*LOCAL, (30, "name")), data_at)
        if struct.unpack_from("<H", data, at + 10)[0] == zipfile.ZIP_DEFLATED:
            size = struct.unpack_from("<I", data, at + 20)[0]
            label[data_at : data_at + size] = ["deflated"] * size
    mark("end", len(data) - 22, END, len(data))
    return label


def content(data: bytes) -> dict[str, bytes]:
    found = open_package(io.BytesIO(data))
    return {name: found.open(name).read() for name in found.names}


@pytest.mark.parametrize("flips", [[0x01], pytest.param([0x01, 0x80, 0xFF], marks=pytest.mark.slow)])
def test_every_change_of_a_byte_is_seen_or_changes_nothing_that_is_read(flips: list[int]) -> None:
    data = package()
    label = places(data)
    assert label.count("data") > 700
    unseen: set[str] = set()
    for at in range(len(data)):
        for flip in flips:
            changed = bytearray(data)
            changed[at] ^= flip
            try:
                seen = codes(bytes(changed)) != ["I-WACZ-UNSIGNED"]
            except FormatError:
                continue
            if not seen:
                unseen.add(label[at])
                assert content(bytes(changed)) == content(data), at
    assert unseen == UNREAD


def test_an_entry_does_not_hide_in_another() -> None:
    data = bytearray(package())
    at, end = list(central(data))[-2]
    struct.pack_into("<H", data, at + 32, len(data) - 22 - end)
    with pytest.raises(FormatError, match=r"4 members at \d+ that says 5"):
        open_package(io.BytesIO(data))


def test_a_package_in_the_long_form_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    data = package()
    monkeypatch.undo()
    assert b"PK\x06\x06" in data
    assert codes(data) == ["I-WACZ-UNSIGNED"]


def test_what_another_reader_would_find_around_the_zip_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = package()
    commented = data[:-2] + struct.pack("<H", 5) + b"hello"
    assert codes(commented) == ["I-WACZ-UNSIGNED"]
    second = data[:-2] + struct.pack("<H", 8) + b"PK\5\6" + bytes(4)
    for changed in (data + b"x", b"x" + data, data + data, commented + b"x", second, data + bytes(80_000)):
        with pytest.raises(FormatError):
            open_package(io.BytesIO(changed))


def test_a_long_form_that_says_something_else_than_the_short_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    data = package()
    monkeypatch.undo()
    for at, form in (
        (len(data) - 12, "<H"),
        (len(data) - 6, "<I"),
        (len(data) - 22 - 12, "<Q"),
        (len(data) - 98 + 32, "<Q"),
    ):
        changed = bytearray(data)
        struct.pack_into(form, changed, at, 1)
        with pytest.raises(FormatError):
            open_package(io.BytesIO(changed))


@given(st.binary(max_size=300), st.integers(0, len(package())), st.integers(0, 40))
def test_nothing_but_a_format_error_is_raised(noise: bytes, at: int, cut: int) -> None:
    whole = package()
    for data in (noise, whole[:at] + noise + whole[at + cut :], noise + whole[at:], whole[:at] + noise):
        try:
            found = open_package(io.BytesIO(data))
            assert found_in(found)
            for name in found.names:
                with found.open(name) as stream:
                    stream.read(1000)
        except FormatError:
            pass


_KEYS = st.sampled_from(
    ["profile", "resources", "path", "bytes", "hash", "signedData", "signature", "publicKey", "domain", "domainCert"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(sha256(b"")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=3), inner, max_size=4),
    max_leaves=10,
)


@given(_JSON, _JSON)
def test_any_json_in_a_package_is_only_a_defect(listed: object, digest: object) -> None:
    data = zipped({**MEMBERS, LIST: json.dumps(listed).encode(), DIGEST: json.dumps(digest).encode()})
    for code, _where, detail in defects(data):
        assert code.startswith(("E-WACZ-", "W-WACZ-", "I-WACZ-"))
        assert detail.encode()


P384 = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP384R1())


def anonymous(signature: bytes, key: Any = P384) -> dict[str, str]:
    spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    text = {"created": "2026-01-01T00:00:00Z", "software": "invented", "version": "0.1.0", "hash": TEXT.decode()}
    return {**text, "signature": base64.b64encode(signature).decode(), "publicKey": base64.b64encode(spki).decode()}


TEXT = sha256(listing(MEMBERS)).encode()


def raw(signature: bytes, half: int) -> bytes:
    r, s = decode_dss_signature(signature)
    return r.to_bytes(half) + s.to_bytes(half)


def signed(data: dict[str, Any]) -> list[tuple[str, str, str]]:
    listed = listing(MEMBERS)
    return defects(package(others={DIGEST: digest_of(listed, signedData=data)}))


def ecdsa(text: bytes = TEXT, key: ec.EllipticCurvePrivateKey = P384) -> bytes:
    return key.sign(text, ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("form", [lambda value: value, lambda value: raw(value, 48)], ids=["der", "raw"])
def test_an_anonymous_signature_holds(form: Callable[[bytes], bytes]) -> None:
    [(code, where, detail)] = signed(anonymous(form(ecdsa())))
    assert (code, where) == ("I-WACZ-SIGNED", DIGEST)
    assert "owner is not known" in detail
    assert [found[0] for found in signed(anonymous(form(ecdsa(b"other"))))] == ["E-WACZ-SIGNATURE"]


def test_a_signature_over_another_hash_is_named() -> None:
    other = {**anonymous(ecdsa(sha256(b"other").encode())), "hash": sha256(b"other")}
    assert [found[0] for found in signed(other)] == ["E-WACZ-DIGEST", "I-WACZ-SIGNED"]


@pytest.mark.parametrize("at", range(0, 96, 7))
def test_a_changed_signature_is_named(at: int) -> None:
    value = bytearray(raw(ecdsa(), 48))
    value[at] ^= 0x10
    assert [found[0] for found in signed(anonymous(bytes(value)))] == ["E-WACZ-SIGNATURE"]


@pytest.mark.parametrize(
    "change",
    [
        *({"signature": value} for value in ("???", None, "", "\ud800")),
        *({"publicKey": value} for value in ("AAAA", 5, None)),
        *({"domain": "example.org"}, {"domainCert": "no certificate"}),
    ],
)
def test_a_signature_that_cannot_be_read_is_named(change: dict[str, Any]) -> None:
    assert [found[0] for found in signed({**anonymous(ecdsa()), **change})] == ["E-WACZ-SIGNATURE"]


def certificate(key: Any, algorithm: Any) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "signer.example.org")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + dt.timedelta(days=90))
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


def by_domain(pem: str, signature: bytes) -> dict[str, str]:
    data = {"hash": TEXT.decode(), "domain": "signer.example.org", "domainCert": pem, "timeSignature": "AAAA"}
    return {**data, "signature": base64.b64encode(signature).decode()}


def test_a_signature_by_a_domain_holds_by_its_leaf_certificate() -> None:
    p256 = ec.derive_private_key(0xFEDCBA, ec.SECP256R1())
    chain = certificate(p256, hashes.SHA256()) + certificate(P384, hashes.SHA256())
    [(code, _where, detail)] = signed(by_domain(chain, ecdsa(key=p256)))
    assert code == "I-WACZ-SIGNED"
    assert "its chain: NOT CHECKED, no root is named; its time stamp: NOT CHECKED" in detail
    assert [found[0] for found in signed(by_domain(chain, ecdsa(key=P384)))] == ["E-WACZ-SIGNATURE"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "it is self-signed"),
        ({"domain": "other.example.org"}, "said to be of 'other.example.org'"),
        ({}, "it is for no domain: a common name counts for nothing"),
        ({"created": "2036-01-01T00:00:00Z"}, "it was not valid then"),
        ({"created": "2036-01-01T00:00:00Z"}, "signed at '2036-01-01T00:00:00Z' by its own account"),
        ({}, "no time of signing"),
        ({}, "a certificate for 'signer.example.org'"),
        ({}, "issued by 'CN=signer.example.org', valid "),
        ({}, "key SHA-256 "),
    ],
)
def test_what_a_certificate_says_and_what_does_not_go_with_it_is_told(change: dict[str, str], said: str) -> None:
    p256 = ec.derive_private_key(0xFEDCBA, ec.SECP256R1())
    data = by_domain(certificate(p256, hashes.SHA256()), ecdsa(key=p256))
    [(code, _where, detail)] = signed({**data, **change})
    assert code == "I-WACZ-SIGNED"
    assert said in detail


def test_a_domain_may_sign_with_rsa() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = certificate(key, hashes.SHA256())
    value = key.sign(TEXT, padding.PKCS1v15(), hashes.SHA256())
    assert [found[0] for found in signed(by_domain(pem, value))] == ["I-WACZ-SIGNED"]
    assert [found[0] for found in signed(by_domain(pem, value[:-1] + b"x"))] == ["E-WACZ-SIGNATURE"]


def test_a_key_of_another_kind_is_not_checked_and_that_is_said() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    [(code, _where, detail)] = signed(by_domain(certificate(key, None), key.sign(TEXT)))
    assert (code, detail[:11]) == ("W-WACZ-SIGNATURE", "not checked")


@pytest.mark.slow
@pytest.mark.interop
def test_a_package_by_py_wacz_is_without_errors(tmp_path: Path) -> None:
    if not (ORACLES / "wacz").is_file():
        pytest.skip("wacz is not installed here: run `make oracles`")
    head = [("WARC-Type", "response"), ("WARC-Record-ID", "<urn:uuid:8f2b8b3e-0000-4000-8000-000000000001>")]
    head += [("WARC-Date", "2026-01-01T00:00:00Z"), ("WARC-Target-URI", "http://example.org/")]
    body = b"<title>An invented page</title>"
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    fields = [*head, ("Content-Type", "application/http; msgtype=response")]
    (tmp_path / "a.warc.gz").write_bytes(compress_member(record_bytes(make_record(fields, block))))
    path = tmp_path / "a.wacz"
    command: list[str | Path] = [ORACLES / "wacz", "create", "--detect-pages", "-o", path, tmp_path / "a.warc.gz"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    with path.open("rb") as stream:
        found = open_package(stream)
        assert found.warc_names == ("archive/a.warc.gz",)
        with found.open("archive/a.warc.gz") as member:
            assert member.read() == (tmp_path / "a.warc.gz").read_bytes()
        assert {code for code, _where, _detail in found_in(found)} <= {
            "I-WACZ-UNSIGNED", "W-WACZ-INDEX", "W-WACZ-RANGES",
        }  # fmt: skip
