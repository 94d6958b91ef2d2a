"""The page of a capsule that a person reads: what it is, and how to check it by hand with ordinary commands.

It is made of nothing but the capsule's other files, so that it can be made again and compared.

Tested by ``tests/interop/test_capsule_page.py``.
"""

import base64
from collections.abc import Mapping
from typing import Final

from preserve.citation.capsule import check_capsule
from preserve.provenance.receipts import read_reply

_README: Final = """A citation capsule: one passage, and the proof of where it was found.

{cited}
Passage (characters {start} to {end} of text.txt):

{exact}

CHECK IT WITH THE CHECKER IN HERE (any Python from 3.9 on; read it first if you like)

  unzip -o CAPSULE -d capsule && cd capsule
  python3 check_capsule.py ../CAPSULE --key VKEY --roots ROOTS.pem

VKEY is the key of the log, ROOTS.pem the root certificates of time authorities, both from elsewhere than from in here.

CHECK IT BY HAND (in the unpacked folder)

1. The bytes of the reply, as they were captured, have the checksum that the log states:

$ {unpack} | head -c -4 | sha256sum | cut -c 1-64
= {record_sha256}
$ grep -o '"record_sha256":"[0-9a-f]*"' {source}.json | cut -d '"' -f 4
= {record_sha256}

2. {stated}

3. The log's checkpoint is signed (the key is {vkey}):

$ sed '/^$/,$d' checkpoint > signed
$ grep -F '{origin} {key_id}' checkpoint | cut -d ' ' -f 3 | base64 -d | tail -c +5 > signature
$ echo {der} | base64 -d > log.der
$ openssl pkeyutl -verify -pubin -keyform DER -inkey log.der -rawin -in signed -sigfile signature
= Signature Verified Successfully

4. That the statements are in the log (RFC 9162, section 2.1.3.2) is checked by check_capsule.py.
{times}
What nothing here shows: that the origin really sent these bytes. Compare independent captures.
"""
_STATED: Final = """The text has the checksum that the log states:

$ sha256sum text.txt | cut -c 1-64
= {body_sha256}
$ grep -o '"body_sha256":"[0-9a-f]*"' cable.json | cut -d '"' -f 4
= {body_sha256}"""
_NOT_STATED: Final = """The text is what the page shows, which the log does not state: `preserve check` reads it again.

$ sha256sum text.txt | cut -c 1-64
= {body_sha256}"""
_TIMES: Final = """
5. A time authority saw the log (take its root certificate from the authority itself):

{commands}
"""


def readable_page(files: Mapping[str, bytes]) -> str:
    """The text of ``readme.txt``, from the other files of a capsule.

    Raises:
        Bad, FormatError, KeyError, TypeError, ValueError: they are not those of a capsule.
    """
    vkey = files["log.vkey"].decode("ascii", "replace").strip()
    origin, key_id, key = check_capsule.parse_key(vkey)
    der = bytes.fromhex("302a300506032b6570032100") + key
    record = check_capsule.read_json(files["record.json"])
    stated = _STATED if "cable.json" in files else _NOT_STATED
    name = "source" if "source.json" in files else "record"
    place, quote, _span = check_capsule.read_json(files["selector.json"])["selector"]
    stamped = sorted(name for name in files if name.endswith(".tsr"))
    cited = f"{check_capsule.without_password(record['uri'])}, captured {record['date']}"
    return _README.format(
        cited=_clean(f"{cited}\nrecord {record['record_id']}\n{_hand(files)}"),
        start=place["start"],
        end=place["end"],
        exact="\n".join("  | " + _clean(line) for line in quote["exact"].split("\n")),
        unpack=f"gunzip -c {name}.warc.gz" if f"{name}.warc.gz" in files else f"cat {name}.warc",
        source=name,
        record_sha256=check_capsule.read_json(files[f"{name}.json"])["record_sha256"],
        stated=stated.format(body_sha256=check_capsule.sha256(files["text.txt"])),
        vkey=vkey,
        origin=origin,
        # The number of the key is in the first five digits whole, but for two bits that are the signature's.
        key_id=base64.b64encode(key_id).decode()[:5],
        der=base64.b64encode(der).decode(),
        times=_TIMES.format(commands="\n".join(_stamp_command(files, each) for each in stamped)) if stamped else "",
    )


def _hand(files: Mapping[str, bytes]) -> str:
    """Of a page that is second hand: from which web archive or file."""
    if "import.json" in files:
        told = check_capsule.second_hand(dict(files))[0]
        return f"SECOND HAND: {told};\nits date and address are what that file says\n"
    if "memento.json" not in files:
        return ""
    said = check_capsule.read_json(files["memento.json"])
    return (
        f"SECOND HAND: the page {check_capsule.without_password(said['uri'])}, as served by {said['archive_title']},\n"
        f"asked for {said['requested']}, served as of {said['served'] or 'no stated time'},\n"
        "which is that archive's claim\n"
    )


def _stamp_command(files: Mapping[str, bytes], name: str) -> str:
    """The command that checks a receipt at its own time: its certificates may have expired since."""
    note = name.partition(".")[0] + ".checkpoint"
    seconds = int(read_reply(files[name], files[note]).moment.timestamp())
    return f"  openssl ts -verify -attime {seconds} -data {note} -in {name} -CAfile ROOTS.pem"


def _clean(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
