"""WACZ packages, sound and damaged, signed and not."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from tools.corpus.warcs import Form, first_pieces, pack

_LIST, _DIGEST = "datapackage.json", "datapackage-digest.json"
_WARC = "archive/data.warc.gz"
_INDEX, _PAGES = "indexes/index.cdx", "pages/pages.jsonl"
_KEY = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())


def _members() -> dict[str, bytes]:
    return {
        _WARC: pack(first_pieces(Form.GZIP), Form.GZIP),
        _INDEX: b'org,example)/ 20200101000000 {"url": "http://example.org/"}\n',
        _PAGES: b'{"format": "json-pages-1.0", "id": "pages", "title": "Pages"}\n',
    }


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _listing(members: Mapping[str, bytes], **fields: object) -> bytes:
    resources = [
        {"name": name.rpartition("/")[2], "path": name, "hash": _sha256(data), "bytes": len(data)}
        for name, data in members.items()
    ]
    return json.dumps({"profile": "data-package", "wacz_version": "1.1.1", "resources": resources, **fields}).encode()


def _digest(listed: bytes, **fields: object) -> bytes:
    return json.dumps({"path": _LIST, "hash": _sha256(listed), **fields}).encode()


def _zipped(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def _package(members: Mapping[str, bytes] | None = None, *, listed: bytes = b"", **others: bytes) -> bytes:
    """A package with a true list and digest. ``others`` are added or put in place after these were made."""
    held = _members() if members is None else members
    true = listed or _listing(held)
    names = {"warc": _WARC, "index": _INDEX, "digest": _DIGEST, "list": _LIST, "stranger": "archive/more.warc.gz"}
    return _zipped(
        {**held, _LIST: true, _DIGEST: _digest(true), **{names[name]: data for name, data in others.items()}}
    )


def _without(*names: str) -> dict[str, bytes]:
    return {name: data for name, data in _members().items() if name not in names}


def _signed(sign: Callable[[bytes], bytes], key: bytes, *, said: str | None = None) -> bytes:
    listed = _listing(_members())
    text = said or _sha256(listed)
    about = {
        "hash": text,
        "created": "2020-01-01T00:00:00Z",
        "software": "by hand",
        "signature": base64.b64encode(sign(text.encode())).decode(),
        "publicKey": base64.b64encode(key).decode(),
    }
    return _package(digest=_digest(listed, signedData=about))


def _public(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.DER, form)


def _ecdsa(text: bytes) -> bytes:
    return _KEY.sign(text, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def vectors() -> Iterator[tuple[str, bytes]]:
    """Path under the folder of vectors, and bytes."""
    members = _members()
    listed = _listing(members)
    twice = {**json.loads(listed), "resources": json.loads(listed)["resources"] * 2}
    other = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    found = {
        "good/wacz-unsigned": _package(),
        "good/wacz-without-digest": _zipped({**members, _LIST: listed}),
        "good/wacz-signed": _signed(_ecdsa, _public(_KEY)),
        "warn/W-WACZ-INDEX.no-index": _package(_without(_INDEX)),
        "warn/W-WACZ-INDEX.no-pages": _package(_without(_PAGES)),
        "warn/W-WACZ-SIGNATURE.of-another-kind": _signed(other.sign, _public(other)),
        "bad/E-WACZ-PACKAGE.rubbish": b"PK\x03\x04 and no more",
        "bad/E-WACZ-PACKAGE.cut": _package()[:-9],
        "bad/E-WACZ-PACKAGE.emptied-zip": _zipped({}),
        "bad/E-WACZ-PACKAGE.no-list": _zipped(members),
        "bad/E-WACZ-PACKAGE.list-no-json": _package(listed=b"{"),
        "bad/E-WACZ-PACKAGE.listed-twice": _package(listed=json.dumps(twice).encode()),
        "bad/E-WACZ-PACKAGE.path-out": _package(listed=_listing({**members, "../a": b""})),
        "bad/E-WACZ-MISSING.file-removed": _zipped({**_without(_INDEX), _LIST: listed, _DIGEST: _digest(listed)}),
        "bad/E-WACZ-HASH.index-changed": _package(index=members[_INDEX].replace(b"2020", b"2010")),
        "bad/E-WACZ-HASH.warc-changed": _package(warc=members[_WARC][:-1] + b"x"),
        "bad/E-WACZ-HASH.warc-cut": _package(warc=members[_WARC][:-9]),
        "bad/E-WACZ-HASH.zip-data-changed": _package().replace(b"json-pages-1.0", b"json-pages-1.1", 1),
        "bad/E-WACZ-UNLISTED.file-added": _package(stranger=members[_WARC]),
        "bad/E-WACZ-DIGEST.list-changed": _package(list=_listing(members, title="another")),
        "bad/E-WACZ-DIGEST.of-another-list": _package(digest=_digest(b"another")),
        "bad/E-WACZ-DIGEST.no-json": _package(digest=b"rubbish"),
        "bad/E-WACZ-DIGEST.another-hash-signed": _signed(_ecdsa, _public(_KEY), said=_sha256(b"another")),
        "bad/E-WACZ-SIGNATURE.changed": _signed(lambda text: _ecdsa(text + b" "), _public(_KEY)),
        "bad/E-WACZ-SIGNATURE.no-key": _signed(_ecdsa, b"rubbish"),
        "bad/E-WARC-GZIP.in-a-package": _package({**members, _WARC: members[_WARC][:-9]}),
        "bad/E-WARC-EMPTY.emptied": b"",
    }
    for name, data in found.items():
        yield f"{name}.wacz", data
