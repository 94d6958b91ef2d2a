"""Receipts of a real time authority: kept, believed by explicit roots at their own time, and never fatal."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from preserve.demo_site.pages import replies
from preserve.formats.der import values, with_certificates_in_order
from tests.proxy import proxy_at_work
from tests.shell import Shell
from tests.site import Site
from tests.tsa import OPENSSL

TIME = "existed before a trusted time"


def _collection(shell: Shell, site: Site, **authorities: str) -> None:
    site.page("/", b"<p>page</p>")
    shell.site_collection("demo", site, "/")
    path = shell.config / "collections" / "demo.yaml"
    lines = "".join(f"  {name}: {url}\n" for name, url in authorities.items())
    path.write_text(path.read_text("utf-8") + f"time_authorities:\n{lines}", "utf-8")
    shell("init", "demo")


def _trust(shell: Shell, *roots: Path) -> None:
    (shell.config / "trust").mkdir(exist_ok=True)
    for number, root in enumerate(roots):
        (shell.config / "trust" / f"root{number}.pem").write_bytes(root.read_bytes())


def _claim(shell: Shell, name: str = TIME, *words: str) -> tuple[str, str]:
    report = shell.json("verify", "demo", *words, status=None)["collections"][0]
    found = next(claim for claim in report["claims"] if claim["claim"] == name)
    return found["verdict"], found["detail"]


def _codes(shell: Shell) -> list[str]:
    report = shell.json("verify", "demo", status=None)["collections"][0]
    return [f["code"] for f in report["findings"]]


def test_a_run_ends_with_receipts_of_every_authority_and_they_prove_its_time(
    shell: Shell, site: Site, time_authority: Any
) -> None:
    one, two = time_authority(), time_authority()
    _collection(shell, site, one=one.url, two=two.url)
    begun = datetime.now(UTC)
    report = shell.json("capture", "demo")
    assert report["stamped"] == [{"authority": "one", "reason": ""}, {"authority": "two", "reason": ""}]
    assert _claim(shell) == ("NOT CHECKED", "2 receipts, and no root certificate of a time authority that you trust")
    _trust(shell, one.root)
    verdict, detail = _claim(shell)
    assert verdict == "PASS"
    size = report["checkpoint_size"]
    days = "|".join(f"{moment:%Y-%m-%d}" for moment in (begun, datetime.now(UTC)))
    assert re.match(rf"{size} of {size} statements before (?:{days})T", detail)
    assert detail.endswith("by one, policy 1.2.3.4.1, number 2")
    # The other authority's root is not trusted: said, and nothing is lost by it.
    assert _codes(shell) == ["W-RECEIPT-CHAIN"]
    _trust(shell, one.root, two.root)
    assert _codes(shell) == []


def test_openssl_verifies_what_is_kept(shell: Shell, site: Site, time_authority: Any) -> None:
    authority = time_authority()
    _collection(shell, site, one=authority.url)
    size = shell.json("capture", "demo")["checkpoint_size"]
    folder = shell.archives / "demo" / "receipts"
    assert OPENSSL is not None
    for given in (["-data", f"{size}.checkpoint"], ["-queryfile", f"{size}.one.tsq"]):
        command = [OPENSSL, "ts", "-verify", *given, "-in", f"{size}.one.tsr", "-CAfile", str(authority.root)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert "Verification: OK" in done.stdout, done.stderr


def test_an_authority_that_fails_is_a_finding_and_is_asked_again_by_the_next_run(
    shell: Shell, site: Site, time_authority: Any
) -> None:
    authority = time_authority(status=503)
    _collection(shell, site, one=authority.url)
    report = shell.json("capture", "demo")
    assert report["stamped"] == [{"authority": "one", "reason": "the authority answered with status 503"}]
    assert _codes(shell) == ["W-RECEIPT-FAILED"]
    assert "one: the authority answered with status 503" in shell("ledger", "stamp", "demo", status=1)
    authority.status = 200
    assert "receipt kept" in shell("capture", "demo")
    assert _codes(shell) == []
    assert shell("ledger", "stamp", "demo") == "receipts of all authorities are held\n"


def test_an_authority_that_is_not_there_is_told(shell: Shell, site: Site, dead_port: int) -> None:
    _collection(shell, site, one=f"http://127.0.0.1:{dead_port}/")
    out = shell("capture", "demo")
    assert "time       one: the authority cannot be reached: ConnectionError" in out


def test_an_authority_is_asked_through_the_proxy_of_the_collection(shell: Shell, site: Site, dead_port: int) -> None:
    _collection(shell, site, one=f"http://127.0.0.1:{dead_port}/")
    shell("capture", "demo")
    path = shell.config / "collections" / "demo.yaml"
    asked: list[bytes] = []
    with proxy_at_work(asked) as proxy:
        path.write_text(f"{path.read_text('utf-8')}proxy: {proxy}\n", "utf-8")
        assert "the reply cannot be read" in shell("ledger", "stamp", "demo", status=1)
    assert asked[0].startswith(b"POST http://127.0.0.1:%d/ HTTP/1.1" % dead_port)


def _altered(data: bytes) -> bytes:
    return data[:-20] + bytes([data[-20] ^ 1]) + data[-19:]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda _data: b"", "the reply cannot be read"),
        (lambda _data: b"<html>busy</html>", "the reply cannot be read"),
        (lambda data: data[:-5], "the reply cannot be read"),
        (lambda data: data + b"\x00" * (1 << 21), "too long"),
        # PKIStatusInfo alone: rejection (2), RFC 3161 section 2.4.2.
        (lambda _data: bytes.fromhex("30053003020102"), "not granted (status 2)"),
    ],
    ids=["nothing", "a page", "cut", "too long", "refused"],
)
def test_a_reply_that_is_none_is_not_kept(
    shell: Shell, site: Site, time_authority: Any, spoil: Any, reason: str
) -> None:
    _collection(shell, site, one=time_authority(spoil=spoil).url)
    (told,) = shell.json("capture", "demo")["stamped"]
    assert reason in told["reason"]
    assert list((shell.archives / "demo" / "receipts").glob("*.tsr")) == []


def test_an_answer_to_another_request_is_not_taken(shell: Shell, site: Site, time_authority: Any) -> None:
    first: list[bytes] = []

    def replay(data: bytes) -> bytes:
        first.append(data)
        return first[0]

    authority = time_authority(spoil=replay)
    _collection(shell, site, one=authority.url)
    assert shell.json("capture", "demo")["stamped"][0]["reason"] == ""
    for path in (shell.archives / "demo" / "receipts").glob("*.tsr"):
        path.unlink()
    # The same checkpoint asked for again: the old answer has another nonce.
    assert "another nonce" in shell("ledger", "stamp", "demo", status=1)
    assert shell.json("capture", "demo")["stamped"][0]["reason"] == "the reply is for other bytes"


def test_an_altered_receipt_proves_nothing(shell: Shell, site: Site, time_authority: Any) -> None:
    authority = time_authority()
    _collection(shell, site, one=authority.url)
    shell("capture", "demo")
    _trust(shell, authority.root)
    (path,) = (shell.archives / "demo" / "receipts").glob("*.tsr")
    whole = path.read_bytes()
    for position in range(0, len(whole), 97):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        verdict, _detail = _claim(shell)
        assert verdict in {"NOT PROVEN", "PASS"}
        if verdict == "PASS":
            # Only what no signature covers can differ: the same moment, number and policy are proven.
            assert _claim(shell)[1].endswith("policy 1.2.3.4.1, number 2")
    path.write_bytes(_altered(whole))
    assert _claim(shell)[0] == "NOT PROVEN"


def test_a_certificate_that_was_not_valid_at_the_receipts_time_proves_nothing(
    shell: Shell, site: Site, time_authority: Any
) -> None:
    then = datetime.now(UTC) - timedelta(days=100)
    authority = time_authority(valid_from=then, valid_to=then + timedelta(days=1))
    _collection(shell, site, one=authority.url)
    shell("capture", "demo")
    _trust(shell, authority.root)
    assert _claim(shell)[0] == "NOT PROVEN"
    assert _codes(shell) == ["W-RECEIPT-CHAIN"]


def test_certificates_out_of_order_are_kept_and_told(shell: Shell, site: Site, time_authority: Any) -> None:
    authority = time_authority(with_chain=True)
    _collection(shell, site, one=authority.url)
    (told,) = shell.json("capture", "demo")["stamped"]
    _trust(shell, authority.root)
    # OpenSSL writes the set as it finds it; whether that is in DER's order depends on the certificates' bytes.
    if told["reason"]:
        assert "cannot be read" in told["reason"]
    else:
        assert _claim(shell)[0] == "PASS"


def test_a_receipt_of_another_history_is_the_gravest_finding(shell: Shell, site: Site, time_authority: Any) -> None:
    authority = time_authority()
    _collection(shell, site, one=authority.url)
    shell("capture", "demo")
    receipts = shell.archives / "demo" / "receipts"
    kept = {path.name: path.read_bytes() for path in receipts.iterdir()}
    # The keeper begins anew with the same key, and puts the old receipts beside it.
    (shell.archives / "demo").rename(shell.archives / "old")
    shell.begin_anew("demo")
    site.page("/", b"<p>another page</p>")
    shell("capture", "demo")
    for path in receipts.iterdir():
        path.unlink()
    for name, data in kept.items():
        (receipts / name).write_bytes(data)
    _trust(shell, authority.root)
    assert "E-RECEIPT-ROOT" in _codes(shell)
    assert _claim(shell)[0] == "NOT PROVEN"


def _against_der(reply: bytes) -> bytes:
    """A reply whose certificates stand in the order that DER forbids; nothing else is changed."""
    ((_tag, _start, begin, end),) = values(reply)
    token = values(reply[begin:end])[1]
    at = begin + token[2]
    content = values(reply[at : begin + token[3]])[1]
    at, stop = at + content[2], at + content[3]
    signed = values(reply[at:stop])[0]
    at, stop = at + signed[2], at + signed[3]
    certificates = next(each for each in values(reply[at:stop]) if each[0] == 0xA0)
    first, last = at + certificates[2], at + certificates[3]
    parts = [reply[first + a : first + c] for _tag, a, _b, c in values(reply[first:last])]
    assert len(parts) > 1
    return reply[:first] + b"".join(sorted(parts, reverse=True)) + reply[last:]


def test_certificates_out_of_order_are_put_in_order_for_the_check_alone(
    shell: Shell, site: Site, time_authority: Any
) -> None:
    authority = time_authority(with_chain=True)
    authority.spoil = _against_der
    _collection(shell, site, one=authority.url)
    size = shell.json("capture", "demo")["checkpoint_size"]
    _trust(shell, authority.root)
    assert _claim(shell)[0] == "PASS"
    assert _codes(shell) == []
    assert "I-RECEIPT-ORDER" in shell("verify", "demo")
    kept = (shell.archives / "demo" / "receipts" / f"{size}.one.tsr").read_bytes()
    assert _against_der(kept) == kept != with_certificates_in_order(kept)


def test_an_intermediate_among_what_is_trusted_leads_to_its_root_and_is_none(
    shell: Shell, site: Site, time_authority: Any
) -> None:
    authority = time_authority(with_intermediate=True)
    _collection(shell, site, one=authority.url)
    shell("capture", "demo")
    _trust(shell, authority.top / "intermediate.pem")
    assert _claim(shell)[0] == "NOT CHECKED"
    _trust(shell, authority.top / "intermediate.pem", authority.root)
    assert _claim(shell)[0] == "PASS"
    (shell.config / "trust" / "root0.pem").unlink()
    assert _claim(shell)[0] == "NOT PROVEN"


def test_a_capsule_names_the_receipts_that_it_leaves_out(shell: Shell, site: Site, time_authority: Any) -> None:
    authority = time_authority()
    site.page("/", replies(1)["/cable/2006/03/06VELDORA42.html"].body)
    shell.site_collection("demo", site, "/")
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text("utf-8") + f"time_authorities:\n  one: {authority.url}\n", "utf-8")
    shell("init", "demo")
    size = shell.json("capture", "demo")["checkpoint_size"]
    capsule = str(shell.folder / "one.capsule")
    shell("cite", "06VELDORA42", "--quote", "three weeks", "--capsule", capsule)
    assert shell.errors == ""
    reply = shell.archives / "demo" / "receipts" / f"{size}.one.tsr"
    reply.write_bytes(b"rubbish")
    shell("cite", "06VELDORA42", "--quote", "three weeks", "--capsule", capsule)
    assert f"not in the capsule: receipt {size}.one.tsr: the reply cannot be read" in shell.errors
