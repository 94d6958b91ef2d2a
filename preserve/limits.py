"""The bounds that several modules share or a collection may set, each with its unit and its reason.

A bound of one module stands in it, beside the code that keeps it. Reaching a bound is recorded (WARC-Truncated, a
finding or a reason code), never silent.
"""

from msgspec import Struct

MIB = 1024 * 1024

# The bounds of HTTP/1 framing are no setting: they decide what a stored reply is read as, at capture and ever after
# (docs/formats/archive.md).
MAX_REPLY_HEAD_BYTES = 256 * 1024
"""Head of one HTTP reply, and its trailer section, with the blank line; as Chromium has it. It bounds the number of
fields too. Real sites send up to some 60 KiB of cookies."""
MAX_CHUNK_LINE_BYTES = 8 * 1024
"""First line of a chunk, with its line feed: the size and extensions that nobody reads."""

MAX_LEDGER_FILE_BYTES = 20 * MIB
"""A file of a ledger, a receipt or a marker: more than an entry bundle of 256 statements can have."""


class Limits(Struct, frozen=True, kw_only=True):
    """The bounds of one process. All have defaults; a collection may lower or raise the capture ones."""

    max_body_bytes: int = 200 * MIB
    """Bytes of one reply kept from the wire; beyond it the reply is cut and marked ``length``."""
    max_decoded_bytes: int = 50 * MIB
    """Content decoding (gzip, br) for reading text; guards against bombs. The stored bytes are not affected."""
    max_text_chars: int = 20_000_000
    """Characters of one page handed to extraction."""
    max_surplus_bytes: int = 1 * MIB
    """Bytes that a server sends without being asked, kept of one connection; beyond it they are cut and marked."""
    connect_timeout_s: float = 20.0
    read_timeout_s: float = 30.0
    """Silence on the socket; beyond it the reply is cut and marked ``time``."""
    fetch_timeout_s: float = 1_200.0
    """One exchange altogether, as Heritrix has it (20 minutes)."""
    max_robots_bytes: int = 500 * 1024
    """RFC 9309 section 2.5: at least 500 KiB must be parsed."""
    max_robots_redirects: int = 5
    """RFC 9309 section 2.3.1.2."""
    robots_cache_s: float = 86_400.0
    """RFC 9309 section 2.4: no more than 24 hours."""
    max_crawl_delay_s: float = 300.0
    """Crawl-delay and Request-rate are honoured up to here, as Heritrix has it."""
    first_pause_s: float = 60.0
    """Pause of a host after its first trouble; it doubles with each further one."""
    max_pause_s: float = 86_400.0
    forgiven_after_s: float = 1_800.0
    """Quiet time after which a host's troubles are forgotten."""
    max_wait_s: float = 300.0
    """A run waits for a paused host as long as this, and leaves what remains of it to the next run."""
    retries: int = 2
    """How often an address is asked again in one run after a passing failure."""
    max_redirects: int = 20
    max_requisite_hops: int = 10
    """Style sheets that import style sheets."""
    max_sitemap_bytes: int = 50 * MIB
    """A sitemap, decompressed: the protocol's own bound."""
    max_url_chars: int = 4_000
    max_links_per_page: int = 100_000
    """Different addresses taken from one page, sitemap (the protocol lets it have 50,000) or feed."""
    max_statement_bytes: int = 65_535
    """C2SP tlog-tiles: an entry has a 16-bit length."""
    max_journal_mark_bytes: int = 1 * MIB
    """A line of the journal that begins it or ends a group: it lists files that no statement seals yet."""
    max_warc_file_bytes: int = 1_000 * MIB
    """Roll-over size; the field's custom."""
    max_warc_header_bytes: int = 1 * MIB
    """Header of one WARC record when reading."""
    max_warc_record_bytes: int = 4_096 * MIB
    """Uncompressed size of one record when reading: guards against bombs."""
    min_free_bytes: int = 256 * MIB
    """Free space below which a run stops cleanly: room to seal, to state and to sign."""
    group_commit_records: int = 512
    """Records written before the group is synced."""
    group_commit_s: float = 2.0
    """Age of the oldest unsynced record before the group is synced."""
    max_looks: int = 64
    """Captures of one address, the newest, that say when it is due: a few dozen reach any interval."""
    max_config_bytes: int = 1 * MIB
    max_note_bytes: int = 1 * MIB
    max_note_signatures: int = 16
    """C2SP signed-note: a verifier accepts at least 16."""


DEFAULT_LIMITS = Limits()
