"""Findings: what is wrong with an archive, said in stable codes. They describe damage and never stop a check.

A code is ``E-AREA-NAME`` (breaks a MUST), ``W-…`` (breaks a SHOULD) or ``I-…`` (information). `CODES` is the one table
of all codes: what each means and what to do next. ``docs/findings.md`` is generated from it.

Tested by ``tests/damage/test_corpus.py``.
"""

from enum import StrEnum

from msgspec import Struct


class Verdict(StrEnum):
    """What a check can say of one claim. A check that could not run never passes."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    NOT_CHECKED = "NOT CHECKED"
    NOT_PROVEN = "NOT PROVEN"


class Code(Struct, frozen=True):
    """One row of the table of codes."""

    meaning: str
    next_step: str
    file_step: str = ""

    @property
    def has_command(self) -> bool:
        """Whether `preserve repair` or `preserve rebuild` mends it."""
        return self.next_step in {_REPAIR, _REBUILD}

    def step(self, *, is_file: bool) -> str:
        """What to do next; ``is_file``: where it was found in a file by itself, which is of no collection."""
        return self.next_step if not is_file else self.file_step or _FILE_STEPS.get(self.next_step, self.next_step)


class Finding(Struct, frozen=True, kw_only=True):
    """One thing found: ``code`` from `CODES`, ``where`` (file, record, statement or URL), ``detail`` for a person."""

    code: str
    where: str
    detail: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"unknown finding code {self.code!r}")

    @property
    def is_problem(self) -> bool:
        """True where it is more than information."""
        return not self.code.startswith("I-")

    @property
    def is_error(self) -> bool:
        """True where a MUST is broken."""
        return self.code.startswith("E-")


class Claim(Struct, frozen=True, kw_only=True):
    """One claim and its verdict; ``detail`` says how much was checked, or why it was not."""

    name: str
    verdict: Verdict
    detail: str = ""


_REPAIR = (
    "Make a copy of the collection first; then `preserve repair COLLECTION --from COPY` says what can be restored."
)
_FILE_STEPS = {
    _REPAIR: "Get the file again from where it came from, or from another copy; `preserve import --damaged` takes in "
    "what can be read."
}
"""By what is to be done in a collection: what is to be done with a file by itself."""
_REBUILD = "Run `preserve rebuild COLLECTION`: it makes this again from the evidence."

_LOOK = "Look at the page: it may be an error page of the mirror, or have changed its form."

CODES: dict[str, Code] = {
    "E-FORMAT-MARKER": Code(
        "The archive's format marker is missing, unreadable or disagrees with the ledger.", _REPAIR
    ),
    "W-FORMAT-LINK": Code(
        "A file or a folder inside of the collection is a link: a copy of the folder does not hold what it leads to.",
        "Put what it leads to in its place, or make copies with `preserve replicate`, which copies the content.",
    ),
    "W-FORMAT-NO-FILE": Code(
        "Something lies in the collection that is no file: a pipe, a socket or a device. It was not opened.",
        "Find out who put it there, and take it away.",
    ),
    "W-CLOCK-ORDER": Code(
        "The times of a run contradict the order in which the ledger states runs: the clock was wrong in that run.",
        "Nothing is damaged: the order of the ledger holds, the dates of that run do not. See that NTP keeps the clock.",
    ),
    "W-CLOCK-AHEAD": Code(
        "A run or a record of it is dated after now, or after a receipt that covers it: the clock was ahead, or is behind now.",
        "See that the clock is right now. Nothing is damaged: the order of the ledger holds, those dates do not.",
    ),
    "W-DATE": Code(
        "Something made by others has a date that cannot be: before the web, or after it was imported.",
        "Nothing is damaged here: it is never shown as the newest or the first while there is another capture.",
    ),
    "E-WARC-MISSING": Code("A WARC file that the ledger names is not there.", _REPAIR),
    "E-WARC-UNKNOWN": Code(
        "A WARC file lies in the archive that the ledger does not name.",
        "Find out who put it there; move it out of the collection.",
    ),
    "E-WARC-SIZE": Code("A sealed WARC file has another size than the ledger says.", _REPAIR),
    "E-WARC-HASH": Code("A sealed WARC file has another SHA-256 than the ledger says.", _REPAIR),
    "E-WARC-UNREADABLE": Code(
        "A file cannot be read, or is no WARC, ARC or WACZ file.",
        "Look at the disk and at the file's permissions; restore the file from a replica.",
    ),
    "E-WARC-EMPTY": Code("A file holds no record.", _REPAIR),
    "E-WARC-GZIP": Code("A compressed piece (gzip member, Zstandard frame) cannot be read: damaged or cut.", _REPAIR),
    "E-WARC-HEADER": Code("A WARC record header cannot be read or lacks a mandatory field.", _REPAIR),
    "E-WARC-LENGTH": Code("A record's block is shorter or longer than its Content-Length.", _REPAIR),
    "E-WARC-RECORD": Code("A record's bytes are not those of its ledger statement.", _REPAIR),
    "E-WARC-NO-STATEMENT": Code(
        "A record is in the file, and the ledger has no statement for it.",
        "If a capture was killed here, the next `preserve capture` cuts it off; otherwise find out who wrote it.",
        file_step="It was put there by somebody else than the archive: get the file again from where it came from.",
    ),
    "E-WARC-LOST": Code("A record that the ledger names is not in its file.", _REPAIR),
    "E-WARC-BLOCK-DIGEST": Code("A record's block does not match its WARC-Block-Digest.", _REPAIR),
    "E-WARC-PAYLOAD-DIGEST": Code("A record's payload does not match its WARC-Payload-Digest.", _REPAIR),
    "E-WARC-ORDER": Code("Records stand in another order than the ledger says.", _REPAIR),
    "E-WARC-DUPLICATE": Code(
        "A record id stands more than once.",
        "Compare the records: a file was joined to itself, or another file was put in its place.",
    ),
    "W-WARC-REFERENCE": Code(
        "A record refers to one that is not among these files.",
        "Check the files of the same crawl together: `preserve verify FILE...`.",
    ),
    "I-WARC-REFERENCE": Code(
        "A record names a warcinfo record, or one that it revisits, outside of these files.",
        "Nothing to do; to check that too, name all files of the crawl: `preserve verify FILE...`.",
    ),
    "E-SECOND-READER": Code(
        "warcio, which reads each file a second time, reads other records in it than were stated.",
        "Keep the file and a copy of it; look at the record with `warcio index FILE`, and report it: one of both errs.",
    ),
    "I-SECOND-READER": Code(
        "A file was not read a second time by warcio, which does not read files of its kind.", "Nothing to do."
    ),
    "I-WARC-SAME-ID": Code(
        "Records in which a crawler speaks of itself share one id, as Wget 1.14 wrote them.",
        "Nothing to do: each of them is read; no capture has that id.",
    ),
    "W-WARC-REVISIT": Code(
        "A revisit names itself as its original.", "Nothing to do: the page is not in this record, nor in one it names."
    ),
    "I-WARC-FOLDED": Code("A field of a record header goes on in the next line.", "Nothing to do: it was read as one."),
    "W-WARC-LF": Code(
        "The line ends in a record's header are LF, not CR LF.",
        "Nothing is lost: keep the file as it is, and expect that other readers refuse it.",
    ),
    "W-WARC-LINE-ENDS": Code(
        "A record is followed by fewer or other line ends than its format has.",
        "Nothing is lost: each record is as long as it says.",
    ),
    "W-WARC-ARC-LENGTH": Code(
        "The first record of an ARC file, which describes it, has another length than it says.",
        "Nothing is lost: the records behind it are read.",
    ),
    "W-WARC-DATE": Code(
        "A record's date is not written as WARC has it, or is none that a calendar has.",
        "Nothing is lost: the nearest moment stands for it in index and ledger; the record keeps what it says.",
    ),
    "I-WARC-LEAP-SECOND": Code(
        "A record was written in a leap second.", "Nothing to do: the second before stands for it in index and ledger."
    ),
    "W-WARC-URI": Code(
        "A capture's address is empty.", "Nothing is lost: the record is read, but nobody can find it by an address."
    ),
    "E-WARC-REVISIT": Code("A revisit refers to a record that is not held.", _REPAIR),
    "W-WARC-OPEN": Code(
        "A file was left open by a capture or an import that did not end.",
        "Run `preserve capture COLLECTION` (or the same `preserve import` again): it ends it. Nothing stated is lost.",
    ),
    "I-WARC-WRITING": Code(
        "A file is being written: a capture, or whoever else holds the collection's lock, is at work.",
        "Nothing to do. Check again when it has ended.",
    ),
    "I-WARC-CUT": Code(
        "A capture was stopped uncleanly, or something not proved was moved to quarantine; the cut is stated.",
        "Nothing to do after a crash: the run goes on. What lies in quarantine somebody should look at.",
    ),
    "I-WARC-NO-DIGEST": Code(
        "A record declares no digest of its block.", "Nothing to do: what is not declared cannot be checked."
    ),
    "I-WARC-DIGEST-UNKNOWN": Code(
        "A digest is of an algorithm that this program does not have.",
        "Nothing to do: this digest can be neither right nor wrong.",
    ),
    "I-WARC-DIGEST-CHUNKED": Code(
        "A payload digest was taken over the chunked body as it travelled.",
        "Nothing to do: many writers do so (warcio among them); the digest fits.",
    ),
    "I-WARC-DIGEST-DECODED": Code(
        "A payload digest was taken over the decompressed body.", "Nothing to do: some writers do so; the digest fits."
    ),
    "I-WARC-DIGEST-BLOCK": Code(
        "A payload digest was taken over the whole block.", "Nothing to do: some writers do so; the digest fits."
    ),
    "I-WARC-MEMBERS": Code(
        "Several records share one compressed piece: the file was not compressed record by record.",
        "Nothing to do: it is whole; to read one record, those before it must be read.",
    ),
    "W-WARC-MEMBERS": Code(
        "A file was compressed as one piece, or in pieces of several records.",
        "Nothing is lost: keep it as it is, and expect that reading single records from it is slow.",
    ),
    "I-WARC-URI-BRACKETS": Code(
        "An address stands in angle brackets, as WARC 1.0 had it and few wrote it.", "Nothing to do."
    ),
    "I-WARC-FIELD": Code(
        "A header field stands twice, or where WARC 1.1 has none of it, or is missing where it has one.",
        "Nothing to do: the record was read.",
    ),
    "I-WARC-VERSION": Code(
        "A record has another version of WARC than 1.0 and 1.1, or writes it in small letters.",
        "Nothing to do: it was read.",
    ),
    "I-HTTP-HEAD": Code("No HTTP reply can be read in a response.", "Nothing to do: the server sent what is kept."),
    "I-HTTP-SHORT": Code(
        "A reply is shorter than it announced.", "Nothing to do: the connection ended early, or the capture was cut."
    ),
    "I-HTTP-CODING": Code(
        "A reply's Content-Encoding names no content coding; the body is read as it is.",
        "Nothing to do: it is kept as it came.",
    ),
    "I-HTTP-TYPE": Code(
        "A reply's media type is missing, odd, or not what its content looks like.",
        "Nothing to do: the reply is read by the rules that browsers have, and kept as it came.",
    ),
    "I-HTTP-FRAMING": Code("The framing of a reply is odd.", "Nothing to do: the server sent what is kept."),
    "E-WACZ-PACKAGE": Code("A package cannot be read.", "Get it again from where it came from."),
    "E-WACZ-MISSING": Code("A file that a package lists is not in it.", "Get it again from where it came from."),
    "E-WACZ-HASH": Code("A file of a package is not the one listed.", "Get it again from where it came from."),
    "E-WACZ-UNLISTED": Code("A file of a package is not in its list.", "Get it again from where it came from."),
    "E-WACZ-DIGEST": Code("The package's list is not the one of its digest.", "Get it again from where it came from."),
    "E-WACZ-SIGNATURE": Code(
        "The package's signature is not good.", "Do not rely on it; get it again from where it came from."
    ),
    "W-WACZ-INDEX": Code("A package has no index of its own that can be read.", "`preserve index FILE` makes one."),
    "W-WACZ-SIGNATURE": Code(
        "The package's signature cannot be checked.", "Nothing to do: it says nothing, for or against."
    ),
    "W-WACZ-KEY": Code(
        "A package is signed by a key that the ledger in it does not state.",
        "Ask its maker for another: `preserve key wacz COLLECTION` states the key before packages are signed with it.",
    ),
    "W-WACZ-RANGES": Code(
        "A WARC file or an index is not stored in a package as it is, or has fields in its header that the directory lacks.",
        "Browsers cannot read pages out of it: pack it again without compression, or take in what it holds.",
    ),
    "E-WACZ-LEDGER": Code(
        "What proves a package is missing in it, cannot be read, or is of another log.",
        "Get it again from where it came from.",
    ),
    "E-WACZ-INDEX": Code(
        "A line of a package's index leads to no record, or to another, or a capture has no line.",
        "Get it again from where it came from; `preserve index FILE` shows what the files hold.",
    ),
    "E-WACZ-PAGES": Code(
        "The list of pages of a package names what was not captured, or a text that the ledger does not state.",
        "Do not rely on its titles and texts; get it again from where it came from.",
    ),
    "I-WACZ-SIGNED": Code(
        "The package's signature holds.", "Compare the key with the one that its maker publishes: any key makes one."
    ),
    "I-WACZ-OLD-LIST": Code(
        "The package's list has the form that early packages had.", "Nothing to do: sizes and hashes were compared."
    ),
    "I-WACZ-UNSIGNED": Code("The package is not signed.", "Nothing to do."),
    "E-REPLICA-FORKED": Code(
        "The copy has another history than the source, or another key.",
        "Keep both. One of them was changed: compare their receipts, and ask the operator. Nothing was copied.",
    ),
    "E-REPLICA-LINKED": Code(
        "Files of the copy are the source's own files, by a link or a mount: there is no second copy of them.",
        "Make the copy on another disk, in a folder of its own: `preserve replicate DEST`.",
    ),
    "E-REPLICA-SOURCE": Code(
        "A file of the source is missing, or is not the one that its ledger names; it was not copied.",
        "Run `preserve verify` on the source; repair it from a copy that is whole.",
    ),
    "E-REPLICA-DIFFERS": Code(
        "A file at the destination is another one than the source has; it was left as it is.",
        "Run `preserve verify` on both; repair the one that is damaged.",
    ),
    "W-REPLICA-LOCK": Code(
        "Object lock keeps files of the copy for a short time only, or no more, or some of them and others not.",
        "Nothing is damaged. Who runs the store extends the retention of these objects, or of the bucket; in how many "
        "days an end is soon, PRESERVE_LOCK_DAYS says (30).",
    ),
    "W-REPLICA-UNREAD": Code(
        "A file in object storage, or one that another process was to read, could not be read; nothing is said of it.",
        "Run it again. If it stays so, see what the store, the network or the worker says; it is no sign of damage.",
    ),
    "I-IMPORT-DAMAGED": Code(
        "A file was imported with damage or with habits of its writer, and is as it was then.",
        "Nothing to do; where it was damaged, import a better copy beside it.",
    ),
    "E-LEDGER-RECORD": Code(
        "A statement says something else of a record than what its bytes say.",
        "The record is the one stated; whoever wrote the statement erred or lied. Compare with a replica.",
    ),
    "E-LEDGER-STATEMENT": Code(
        "A ledger statement cannot be read, breaks the schema, or contradicts those before it.", _REPAIR
    ),
    "E-LEDGER-MISSING": Code("A part of the ledger is missing.", _REPAIR),
    "E-LEDGER-ROOT": Code("The ledger's entries do not give the root hash of the checkpoint.", _REPAIR),
    "E-LEDGER-TILE": Code("A hash tile disagrees with the entries below it.", _REPAIR),
    "E-LEDGER-SIZE": Code("The checkpoint covers more statements than are there.", _REPAIR),
    "W-LEDGER-PENDING": Code(
        "Statements are not yet under a checkpoint.",
        "Run `preserve capture COLLECTION`, or the command again that was stopped: the next checkpoint covers them.",
    ),
    "I-LEDGER-WRITING": Code(
        "Statements are not yet under a checkpoint, and whoever will set it is at work.",
        "Nothing to do. Check again when it has ended.",
    ),
    "W-LEDGER-TORN": Code(
        "The journal ends in the middle of a group of statements: a capture was stopped while it wrote one.",
        "Run `preserve capture COLLECTION`: it cuts the group off. It was never stated, and nothing names it.",
    ),
    "E-LEDGER-JOURNAL": Code(
        "The journal holds something that this installation's secret does not prove: somebody else wrote it.",
        "Find out who writes to the archive. `preserve capture COLLECTION` moves it to quarantine and signs none of it.",
    ),
    "W-LEDGER-JOURNAL": Code(
        "The journal is not empty, and the secret that proves it is not at hand: it is read by none, and not checked.",
        "Verify where the collection is captured.",
    ),
    "E-LEDGER-SIGNATURE": Code(
        "The checkpoint's signature does not verify with the log's key.",
        "Compare the key with the one published; restore the checkpoint from a replica.",
        file_step="Compare the key with the one published; get the file again from where it came from.",
    ),
    "E-LEDGER-KEY": Code("The log's public key is missing or unreadable.", _REPAIR),
    "E-LEDGER-TRUST": Code(
        "The checkpoint is signed by none of the keys that you trust.",
        "Ask the archive's operator, by another way than the archive, which key is right; do not rely on this copy before. Of"
        " a log of your own, add the key (`preserve key export COLLECTION`) to CONFIG/trust/.",
    ),
    "E-LEDGER-ROLLED-BACK": Code(
        "The log is smaller than it was when it was last read at this place.",
        "Run `preserve repair COLLECTION --from REPLICA` with a copy that has its newest part. If no copy has it:"
        " `preserve ledger accept COLLECTION --lost`.",
    ),
    "E-LEDGER-FORKED": Code(
        "The log is not the one that is known by this name: it has another history, or another key.",
        "Keep both copies, and ask the archive's operator which is right; `preserve repair COLLECTION --from REPLICA` puts"
        " the log that is known in place.",
    ),
    "E-LEDGER-REPLACED": Code(
        "Another log lies where one was known to lie.",
        "If you put it there: `preserve ledger accept COLLECTION --replaced`. If not, find out who did;"
        " `preserve repair COLLECTION --from REPLICA` puts the log that is known in place.",
    ),
    "I-LEDGER-BEHIND": Code(
        "The log is an older copy: a newer state of it was seen elsewhere.",
        "Nothing to do, if it is a copy; `preserve replicate` brings it up to date. Nothing can be captured into it.",
    ),
    "I-LEDGER-KNOWN": Code(
        "What is known of the log, beside the keys, cannot be read: it was compared with nothing.",
        "Restore that file from a copy of the folder of keys, or move it away: the log is then as if never seen.",
    ),
    "I-LEDGER-NEWER": Code(
        "A statement is of a kind or a version that this program does not know: a newer program wrote it.",
        "Use a newer version of preserve to check what it says; nothing can be added to the archive before.",
    ),
    "E-LEDGER-CHANGE": Code("A change of the log's key does not follow from the key before it.", _REPAIR),
    "E-LEDGER-WITNESS": Code(
        "A witness that you trust has a signature on the checkpoint that is not good.",
        "Ask the witness; restore the checkpoint from a replica.",
    ),
    "E-RECEIPT-BAD": Code(
        "A time authority's receipt is not for the checkpoint beside it, or cannot be read.",
        "Restore the file from a replica; `openssl ts -reply -in FILE -text` shows what is in it.",
    ),
    "E-RECEIPT-ROOT": Code(
        "A receipt was given for another history: the ledger at that size has another root.",
        "Statements were changed after they were stamped. Keep this copy, and look for a replica whose receipts fit.",
    ),
    "W-RECEIPT-CHAIN": Code(
        "A receipt's signature does not lead to a root that you trust, or a certificate was not valid at its time.",
        "Put the authority's root certificate into config/trust/, from the authority itself; compare the policy.",
    ),
    "W-RECEIPT-FAILED": Code(
        "A time authority gave no receipt for the last checkpoint.",
        "Nothing is lost: the next `preserve capture`, or `preserve ledger stamp COLLECTION`, asks again.",
    ),
    "I-RECEIPT-ORDER": Code(
        "The certificates in a receipt are not in the order that DER demands.",
        "Nothing to do: they are put in order for the check, as OpenSSL does; the file stays as it came.",
    ),
    "E-INDEX": Code("The CDXJ index disagrees with the evidence.", _REBUILD),
    "E-CATALOGUE": Code("The catalogue disagrees with the evidence.", _REBUILD),
    "E-CABLE-TEXT": Code(
        "Extraction run again gives another text or other fields than the ledger states.",
        "If the record itself passes, the statement or the extractor is at fault: report it. Otherwise restore the record.",
    ),
    "E-CABLE-SOURCE": Code("A cable statement names a record that is not held.", _REPAIR),
    "W-CABLE-EMPTY": Code("A page of a known layout has no message text.", _LOOK),
    "W-CABLE-NO-TABLE": Code("A page of a known layout lacks its fields.", _LOOK),
    "W-CABLE-UNREADABLE": Code("A page of a known layout names no cable.", _LOOK),
    "W-CABLE-ERROR-PAGE": Code("A page is its site's own page for an error, though the reply says it is good.", _LOOK),
    "W-CABLE-ROW": Code(
        "A row of a table of cables cannot be read.",
        "Look at the row: it may be cut, or written in another way than its layout says.",
    ),
    "W-LINKS-PART": Code(
        "Not every address on a page, style sheet, sitemap or feed was read.",
        "Look at it. Addresses that are missing can be named as seeds of the collection.",
    ),
    "W-PAGE-LOAD": Code(
        "A browser did not load a page to its end: in its time, or at all. What came until then is kept.",
        "Look at what is kept. A page that never ends to load can be left out of `browser_for`.",
    ),
    "W-RESCUE-FAILED": Code(
        "A web archive did not answer as it should: an error, a bot wall, a cut reply.",
        "Nothing follows from it for the page; run `preserve rescue` again later.",
    ),
    "W-RESCUE-NOT-ASKED": Code(
        "A web archive was not asked: its budget of the day is used up, it wants a pause, or the job was stopped.",
        "Run `preserve rescue` again later: it goes on.",
    ),
    "W-RESCUE-LIST": Code(
        "What came in place of a list of mementos is none.",
        "Nothing follows from it for the page; run `preserve rescue` again later.",
    ),
    "W-RESCUE-ROW": Code(
        "A part of a list of mementos cannot be read, or is about another address; it was left out.",
        "Look at the stored reply; the list counts as incomplete.",
    ),
    "W-RESCUE-INCOMPLETE": Code(
        "A list of mementos ends without saying that it is whole.",
        "There may be more mementos; raise `max_pages` or `page_size` of the archive, or look by hand.",
    ),
    "W-RESCUE-COUNT": Code(
        "Two lists of one web archive disagree about what it holds.", "Nothing to do: all that either names was used."
    ),
    "W-RESCUE-LOOP": Code("A web archive redirects without end.", "Run `preserve rescue` again later."),
    "W-RESCUE-NO-MEMENTO": Code(
        "A reply has no Memento-Datetime: it is a page of the web archive, no memento.",
        "Nothing to do: it was kept and not taken for the page.",
    ),
    "W-RESCUE-TIME": Code(
        "A memento was served for another moment than the one asked for.",
        "Nothing to do: both moments are stated; cite the one that was served.",
    ),
    "E-RESCUE-DATETIME": Code(
        "The Memento-Datetime of a reply contradicts its address.",
        "It was kept and not taken for the page: which moment it shows is not known.",
    ),
    "E-RESCUE-OTHER-URL": Code(
        "A web archive answered for another address than the one asked for.",
        "It was kept and not taken for the page.",
    ),
    "W-RESCUE-REDIRECT": Code(
        "A memento is itself a redirect.", "Rescue the address that it leads to, if that is the page."
    ),
    "W-RESCUE-ERROR": Code(
        "A memento is itself an error page, or a bot wall's.", "Nothing to do: older mementos were tried."
    ),
    "W-RESCUE-CUT": Code("A memento was cut on its way.", "Run `preserve rescue` again later: it is asked again."),
    "W-RESCUE-DIGEST": Code(
        "The digest that a web archive lists fits the bytes that it served in no reading.",
        "The digest is over its own stored bytes, and may be of another coding of the page; compare another copy.",
    ),
    "I-CABLE-HIDDEN": Code(
        "The page holds text that a browser never shows; it is left out of the text.",
        "Look at the page's bytes (`preserve show ID --as html`) where you want to know what is hidden.",
    ),
    "I-CABLE-OPENED": Code(
        "The text stands in an element that a browser shows only after a script opened it, and that the layout selects.",
        "Say so where you cite it: a reader of the page may not have seen it.",
    ),
    "I-CABLE-TAG": Code(
        "Unknown markup stands inside the message and is kept as text.", "Nothing to do: the text keeps it as it was."
    ),
}
