"""The signature of a WACZ package: what it is worth to a reader, who brings the time and the roots that count.

A signature over the text of a hash is by a key without a name, or by one with a certificate of a domain. A certificate
is held against the domain that the package names, against its own dates, and where the reader names roots, against
these. It is never more than that: the time of signing is the package's own word, its time stamp and revocation are not
looked at. Everything is bounded before it is read. Sources: WACZ Signing and Verification 0.1.0; RFC 9525 (which
replaces RFC 6125) for names; the profile of the Web's certificates for chains.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from preserve.errors import FormatError
from preserve.findings import Verdict
from preserve.model import parse_utc

_MOST_CHARS = 1 << 16
"""Of a key, a signature, and all certificates: honest ones have a tenth."""
_MOST_CERTIFICATES = 8
_MOST_NAMES = 20
_NOT_READABLE = (
    *(ValueError, TypeError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""What the reading of a hostile certificate or key raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    """What the reader brings: the time (UTC), root certificates, and those that may stand below them."""

    now: datetime
    roots: tuple[x509.Certificate, ...] = ()
    intermediates: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What a certificate says. ``names``: the first of its ``count`` DNS names; ``common_name`` counts for nothing."""

    names: tuple[str, ...]
    count: int
    common_name: str
    issuer: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSigner:
    """Who signed, as the package has it. ``domain`` and ``certificate`` are None of a key without a certificate.

    ``created`` is the time of signing, in the package's own words. ``amiss``: what does not go together.
    """

    key_sha256: str
    created: str | None
    domain: str | None = None
    certificate: Certified | None = None
    amiss: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSignature:
    """What became of a signature: the code of the finding, what is proved of who signed, and why."""

    code: str
    verdict: Verdict
    detail: str
    signer: PackageSigner | None = None


def unsigned(why: str) -> PackageSignature:
    """Of a package without a signature."""
    return PackageSignature(code="I-WACZ-UNSIGNED", verdict=Verdict.NOT_CHECKED, detail=why)


def read_signature(signed: Mapping[str, object], authorities: Authorities) -> PackageSignature:
    """What ``signedData`` is worth; both formats of the specification. Its ``hash`` is the caller's to compare.

    What cannot be read of it is E-WACZ-SIGNATURE; nothing is raised.
    """
    try:
        text = _text(signed, "hash").encode("utf-8")
        signature = base64.b64decode(_text(signed, "signature"), validate=True)
        if "domainCert" in signed or "domain" in signed:
            chain = _certificates(_text(signed, "domainCert"))
            key: object = chain[0].public_key()
            signer = _of_domain(chain[0], signed, authorities.now)
        else:
            chain = []
            encoded = base64.b64decode(_text(signed, "publicKey"), validate=True)
            key = load_der_public_key(encoded)
            signer = PackageSigner(key_sha256=hashlib.sha256(encoded).hexdigest(), created=_created(signed))
    except _NOT_READABLE as error:
        return _bad(f"the signature cannot be read: {str(error)!a:.200}")
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        return PackageSignature(
            code="W-WACZ-SIGNATURE",
            verdict=Verdict.NOT_CHECKED,
            detail=f"not checked: a signature by a key of {type(key).__name__}",
        )
    if not _holds(key, signature, text):
        return _bad("the signature does not fit the hash and the key")
    verdict, judged = _judged(signer, chain, authorities)
    detail = "; ".join([_told(signer), *signer.amiss, judged, *(["its time stamp: NOT CHECKED"] * _stamped(signed))])
    return PackageSignature(code="I-WACZ-SIGNED", verdict=verdict, detail=detail, signer=signer)


def _bad(why: str) -> PackageSignature:
    return PackageSignature(code="E-WACZ-SIGNATURE", verdict=Verdict.FAIL, detail=why)


def _text(signed: Mapping[str, object], name: str) -> str:
    value = signed.get(name)
    if not isinstance(value, str):
        raise TypeError(f"no {name}")
    if len(value) > _MOST_CHARS:
        raise ValueError(f"{name} has {len(value)} characters, more than {_MOST_CHARS}")
    return value


def _created(signed: Mapping[str, object]) -> str | None:
    value = signed.get("created")
    return value[:60] if isinstance(value, str) else None


def _stamped(signed: Mapping[str, object]) -> bool:
    return "timeSignature" in signed


def _certificates(text: str) -> list[x509.Certificate]:
    # Counted before any is read.
    if text.count("-----BEGIN") > _MOST_CERTIFICATES:
        raise ValueError(f"more than {_MOST_CERTIFICATES} certificates")
    return x509.load_pem_x509_certificates(text.encode("utf-8"))


def _of_domain(leaf: x509.Certificate, signed: Mapping[str, object], now: datetime) -> PackageSigner:
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    domain, names = _text(signed, "domain"), _names(leaf)
    common = [str(each.value) for each in leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    certificate = Certified(
        names=tuple(name[:253] for name in names[:_MOST_NAMES]),
        count=len(names),
        common_name=common[0][:253] if common else "",
        issuer=leaf.issuer.rfc4514_string()[:200],
        begins=leaf.not_valid_before_utc,
        ends=leaf.not_valid_after_utc,
    )
    amiss = []
    if not names:
        amiss.append("it is for no domain: a common name counts for nothing")
    elif not any(fits(domain, name) for name in names):
        amiss.append("the domain is none of its names")
    if leaf.issuer == leaf.subject:
        amiss.append("it is self-signed")
    created = _created(signed)
    amiss += _out_of_time(certificate, created, now)
    return PackageSigner(
        key_sha256=hashlib.sha256(spki).hexdigest(),
        created=created,
        domain=domain[:253],
        certificate=certificate,
        amiss=tuple(amiss),
    )


def _names(leaf: x509.Certificate) -> list[str]:
    """The DNS names that a certificate is for. A common name is none of them (RFC 9525 section 2)."""
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [str(name) for name in extension.value.get_values_for_type(x509.DNSName)]


def fits(domain: str, name: str) -> bool:
    """Whether a certificate's name is that of a domain (RFC 9525 section 6.3): ``*`` is one whole label, the first.

    What stands right of it has two labels at least: no certificate is for all of ``.org``.
    """
    asked, given = _ascii(domain), _ascii(name)
    if asked is None or given is None:
        return False
    if not given.startswith("*."):
        return "*" not in given and asked == given
    label, _, rest = asked.partition(".")
    return bool(label) and "*" not in asked and rest == given[2:] and "." in rest.strip(".") and ".." not in rest


def _ascii(name: str) -> str | None:
    """A domain's name as it stands in certificates: A-labels in lower case, no dot at the end. None: it is none."""
    short = name.removesuffix(".")
    # An address ends in a number (RFC 9525 section 6.4), and is no name.
    if not 0 < len(short) <= 253 or short.rpartition(".")[2].isdigit():  # noqa: PLR2004 - RFC 1035 section 2.3.4
        return None
    try:
        return (short if short.isascii() else short.encode("idna").decode("ascii")).lower()
    except UnicodeError:
        return None


def _out_of_time(certificate: Certified, created: str | None, now: datetime) -> list[str]:
    moment = _moment(created)
    amiss = []
    if moment is not None and not certificate.begins <= moment <= certificate.ends:
        amiss.append("it was not valid then")
    if moment is not None and moment > now:
        amiss.append("the time of signing has not come yet")
    if now < certificate.begins:
        amiss.append("it is not valid yet")
    if now > certificate.ends:
        amiss.append("it has expired")
    return amiss


def _moment(created: str | None) -> datetime | None:
    try:
        return None if created is None else parse_utc(created)
    except FormatError:
        return None


def _second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _told(signer: PackageSigner) -> str:
    """The signer as one line, in ASCII."""
    when = "no time of signing" if signer.created is None else f"signed at {signer.created!a} by its own account"
    found = signer.certificate
    if found is None:
        return f"it holds by a key whose owner is not known: SHA-256 {signer.key_sha256}; {when}"
    names = ", ".join(found.names) or found.common_name
    return (
        f"it holds by a certificate for {names!a:.200}, said to be of {signer.domain!a:.100}"
        f", key SHA-256 {signer.key_sha256}, issued by {found.issuer!a}"
        f", valid {_second(found.begins)} to {_second(found.ends)}; {when}"
    )


def _judged(signer: PackageSigner, chain: list[x509.Certificate], authorities: Authorities) -> tuple[Verdict, str]:
    """What is proved of who signed, and why."""
    if signer.certificate is None:
        return Verdict.NOT_PROVEN, "any key makes such a signature"
    if not authorities.roots:
        verdict = Verdict.NOT_PROVEN if signer.amiss else Verdict.NOT_CHECKED
        return verdict, "its chain: NOT CHECKED, no root is named"
    fault = _chain_fault(signer.domain or "", chain, authorities)
    if fault:
        return Verdict.NOT_PROVEN, f"no root that you trust leads to it now: {fault!a:.200}"
    if signer.amiss:
        return Verdict.NOT_PROVEN, "a root that you trust leads to it"
    return Verdict.PASS, "a root that you trust leads to it now; whether it was revoked: NOT CHECKED"


def _chain_fault(domain: str, chain: list[x509.Certificate], authorities: Authorities) -> str:
    """Why no chain leads from a root to the first certificate, at the reader's time; empty where one does."""
    try:
        subject = x509.DNSName(_ascii(domain) or "")
        policy = PolicyBuilder().store(Store(list(authorities.roots))).time(authorities.now)
        verifier = policy.max_chain_depth(_MOST_CERTIFICATES).build_server_verifier(subject)
        verifier.verify(chain[0], [*chain[1:], *authorities.intermediates])
    except (VerificationError, *_NOT_READABLE) as error:
        return str(error) or type(error).__name__
    return ""


def _holds(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, signature: bytes, text: bytes) -> bool:
    """True for a signature with SHA-256: RSA with PKCS #1 v1.5, or ECDSA as DER or as r and s (Web Crypto)."""
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        else:
            half = (key.curve.key_size + 7) // 8
            if len(signature) == 2 * half:
                signature = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
            key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def as_values(signature: PackageSignature) -> dict[str, object]:
    """A signature as values for programs: key, domain, names, times. What it does not have is null."""
    signer = signature.signer
    found = None if signer is None else signer.certificate
    return {
        "verdict": str(signature.verdict),
        "detail": signature.detail,
        "key_sha256": None if signer is None else signer.key_sha256,
        "created": None if signer is None else signer.created,
        "domain": None if signer is None else signer.domain,
        "certificate": None
        if found is None
        else {
            "names": list(found.names),
            "names_count": found.count,
            "common_name": found.common_name,
            "issuer": found.issuer,
            "valid_from": _second(found.begins),
            "valid_to": _second(found.ends),
        },
        "amiss": [] if signer is None else list(signer.amiss),
    }
