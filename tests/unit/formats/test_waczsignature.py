"""Signatures of WACZ packages: the certificate against the domain, the dates and the reader's roots."""

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from preserve.findings import Verdict
from preserve.formats.waczsignature import Authorities, PackageSignature, as_values, fits, read_signature

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
TEXT = "sha256:" + "0" * 64
DOMAIN = "signer.example.org"
ROOT, MIDDLE, LEAF = (ec.derive_private_key(number, ec.SECP256R1()) for number in (0xA1, 0xA2, 0xA3))
Key = ec.EllipticCurvePrivateKey


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def certificate(
    key: Key,
    subject: str,
    issuer: str,
    by: Key,
    *,
    names: Sequence[str] = (),
    is_ca: bool = False,
    begins: dt.datetime = NOW - 30 * DAY,
    ends: dt.datetime = NOW + 60 * DAY,
) -> x509.Certificate:
    """One of the Web's profile, as far as chains ask for it."""
    signer = by.public_key()
    builder = (
        x509.CertificateBuilder(named(issuer), named(subject), key.public_key(), 7, begins, ends)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )
    usage = dict.fromkeys(
        ["content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only"], False
    )
    builder = builder.add_extension(
        x509.KeyUsage(digital_signature=not is_ca, key_cert_sign=is_ca, crl_sign=is_ca, decipher_only=False, **usage),
        critical=True,
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(by, hashes.SHA256())


ROOT_CERTIFICATE = certificate(ROOT, "Root", "Root", ROOT, is_ca=True, begins=NOW - 900 * DAY, ends=NOW + 900 * DAY)
MIDDLE_CERTIFICATE = certificate(
    MIDDLE, "Middle", "Root", ROOT, is_ca=True, begins=NOW - 900 * DAY, ends=NOW + 900 * DAY
)
OTHER_ROOT = certificate(LEAF, "Other", "Other", LEAF, is_ca=True, begins=NOW - 900 * DAY, ends=NOW + 900 * DAY)


def leaf(**changed: Any) -> x509.Certificate:
    return certificate(LEAF, "leaf", "Middle", MIDDLE, **({"names": [DOMAIN]} | changed))


def pem(*chain: x509.Certificate) -> str:
    return "".join(each.public_bytes(serialization.Encoding.PEM).decode() for each in chain)


def judged(
    chain: str, *, roots: Sequence[x509.Certificate] = (ROOT_CERTIFICATE,), now: dt.datetime = NOW, **changed: Any
) -> PackageSignature:
    value = base64.b64encode(LEAF.sign(TEXT.encode(), ec.ECDSA(hashes.SHA256()))).decode()
    signed = {"hash": TEXT, "signature": value, "domain": DOMAIN, "domainCert": chain}
    signed |= {"created": "2026-05-31T00:00:00Z"} | changed
    return read_signature(signed, Authorities(now=now, roots=tuple(roots)))


WHOLE = pem(leaf(), MIDDLE_CERTIFICATE)


def test_a_chain_that_a_named_root_leads_to_is_proved_and_no_more_is() -> None:
    found = judged(WHOLE)
    assert (found.code, found.verdict) == ("I-WACZ-SIGNED", Verdict.PASS)
    assert "a root that you trust leads to it now; whether it was revoked: NOT CHECKED" in found.detail
    assert "signed at '2026-05-31T00:00:00Z' by its own account" in found.detail
    assert "time stamp" not in found.detail
    assert "its time stamp: NOT CHECKED" in judged(WHOLE, timeSignature="AAAA").detail


def test_a_program_is_given_key_domain_names_and_times() -> None:
    spki = LEAF.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    values = as_values(judged(WHOLE))
    assert values["verdict"] == "PASS"
    assert values["key_sha256"] == hashlib.sha256(spki).hexdigest()
    assert (values["domain"], values["created"], values["amiss"]) == (DOMAIN, "2026-05-31T00:00:00Z", [])
    assert values["certificate"] == {
        "names": [DOMAIN], "names_count": 1, "common_name": "leaf", "issuer": "CN=Middle",
        "valid_from": "2026-05-02T00:00:00Z", "valid_to": "2026-07-31T00:00:00Z",
    }  # fmt: skip


def test_without_a_root_nothing_is_said_of_the_chain() -> None:
    found = judged(WHOLE, roots=())
    assert found.verdict is Verdict.NOT_CHECKED
    assert "its chain: NOT CHECKED, no root is named" in found.detail


@pytest.mark.parametrize(
    ("chain", "changed", "said"),
    [
        (WHOLE, {"domain": "other.example.org"}, "the domain is none of its names"),
        (WHOLE, {"now": NOW + 61 * DAY}, "it has expired"),
        (WHOLE, {"now": NOW - 31 * DAY}, "it is not valid yet"),
        (WHOLE, {"created": "2025-05-31T00:00:00Z"}, "it was not valid then"),
        (WHOLE, {"created": "2026-06-02T00:00:00Z"}, "the time of signing has not come yet"),
        (WHOLE, {"roots": [OTHER_ROOT]}, "no root that you trust leads to it now"),
        (pem(leaf()), {}, "no root that you trust leads to it now"),
        (pem(certificate(LEAF, "Self", "Self", LEAF, names=[DOMAIN])), {}, "it is self-signed"),
        (pem(certificate(LEAF, "Self", "Self", LEAF, names=[DOMAIN])), {"roots": []}, "it is self-signed"),
        (pem(leaf(names=[]), MIDDLE_CERTIFICATE), {}, "it is for no domain: a common name counts for nothing"),
        # Whoever has a certificate of a site is no authority.
        (pem(certificate(LEAF, "leaf", "leaf2", MIDDLE, names=[DOMAIN]), leaf()), {}, "no root that you trust"),
    ],
)
def test_what_does_not_hold_is_said_and_never_proved(chain: str, changed: dict[str, Any], said: str) -> None:
    found = judged(chain, **changed)
    assert (found.code, found.verdict) == ("I-WACZ-SIGNED", Verdict.NOT_PROVEN)
    assert said in found.detail


@pytest.mark.parametrize(
    ("domain", "name", "expected"),
    [
        ("a.example.org", "a.example.org", True),
        ("A.example.ORG.", "a.EXAMPLE.org", True),
        ("a.example.org", "*.example.org", True),
        ("example.org", "*.example.org", False),
        ("b.a.example.org", "*.example.org", False),
        (".example.org", "*.example.org", False),
        ("example.org", "*.org", False),
        ("org", "*", False),
        ("a.example.org", "a*.example.org", False),
        ("a.example.org", "*a.example.org", False),
        ("a.example.org", "a.*.org", False),
        ("*.example.org", "*.example.org", False),
        ("b\u00fccher.example", "xn--bcher-kva.example", True),
        ("b\u00fccher.example", "bucher.example", False),
        ("10.0.0.1", "*.0.0.1", False),
        ("", "", False),
        ("a" * 300, "a" * 300, False),
    ],
)
def test_names_fit_as_they_do_on_the_web(domain: str, name: str, expected: bool) -> None:
    assert fits(domain, name) is expected


def test_hostile_certificates_are_bounded_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    honest = x509.load_pem_x509_certificates

    def counted(data: bytes) -> list[x509.Certificate]:
        read.append(len(data))
        return honest(data)

    monkeypatch.setattr(x509, "load_pem_x509_certificates", counted)
    for chain in (WHOLE * 5, pem(leaf()) + " " * 70_000, "x" * 10_000_000):
        assert judged(chain).code == "E-WACZ-SIGNATURE"
    assert read == []
    many = judged(pem(leaf(names=[f"a{number}.example.org" for number in range(900)]), MIDDLE_CERTIFICATE))
    values = as_values(many)["certificate"]
    assert isinstance(values, dict)
    assert (len(values["names"]), values["names_count"]) == (20, 900)
    assert len(many.detail) < 2_000


def _twice(raw: bytes) -> bytes:
    """The same extension two times: key identifiers renamed to constraints, as they are as long."""
    return raw.replace(bytes.fromhex("0603551d0f"), bytes.fromhex("0603551d13"))


@pytest.mark.parametrize(
    "change",
    [
        _twice,
        lambda raw: raw.replace(b"signer.example.org", b"\xff\x00\x1b[31m\n....." + b"\xe2\x80\xae...x"[:5]),
        lambda raw: raw.replace(b"\x30\x14\x82\x12", b"\x30\x14\xa3\x12"),
        lambda raw: raw.replace(b"260731", b"269931"),
        lambda raw: raw[:-1],
        lambda raw: raw[:40],
    ],
)
def test_a_broken_certificate_is_a_finding_without_a_sign_that_a_terminal_obeys(
    change: Callable[[bytes], bytes],
) -> None:
    raw = leaf().public_bytes(serialization.Encoding.DER)
    broken = change(raw)
    assert broken != raw
    text = base64.encodebytes(broken).decode()
    found = judged(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
    assert found.code in {"E-WACZ-SIGNATURE", "I-WACZ-SIGNED"}
    assert found.verdict in {Verdict.FAIL, Verdict.NOT_PROVEN}
    assert found.detail.isascii()
    assert found.detail.isprintable()


def test_every_byte_of_a_certificate_may_be_another_and_nothing_is_raised_or_proved() -> None:
    raw = leaf().public_bytes(serialization.Encoding.DER)
    for at in range(0, len(raw), 3):
        broken = bytearray(raw)
        broken[at] ^= 0x15
        text = base64.encodebytes(bytes(broken)).decode()
        found = judged(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n" + pem(MIDDLE_CERTIFICATE))
        assert found.verdict is not Verdict.PASS, at
        assert found.detail.isascii()
