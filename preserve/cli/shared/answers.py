"""The answers of all commands in JSON, as types: what is written is checked against them, and so are the schemas made.

Commands import this for their annotations alone. A value with a class of its own in the program stands here by that.

Tested by ``tests/scenarios/test_schemas.py``.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, TypedDict

from preserve.crawler.compared import RunComparison
from preserve.crawler.stamping import Stamped
from preserve.findings import Verdict
from preserve.health.collections import CollectionState
from preserve.health.waiting import Waiting
from preserve.provenance.recovery import Recovered
from preserve.provenance.statements import Claimed, PrintedFields
from preserve.replay.readings import ShownReading
from preserve.replay.since import Later
from preserve.rescue.run import Saved
from preserve.schedule.job_table import JobEvent, Step, UnwatchedTime

Value = dict[str, Any]
Moment = Annotated[str, "date-time"]
"""A time in the form of RFC 3339, in UTC."""


class CommandError(TypedDict):
    """What stands in place of an answer."""

    code: str
    message: str
    next: str
    exit_status: int


class ErrorAnswer(TypedDict):
    """A command that could not answer."""

    error: CommandError


class ProgressAnswer(TypedDict):
    """How far a command is: JSON Lines on stderr, with `--progress json`."""

    subject: str
    unit: str
    done: int
    total: int | None
    bytes: int | None
    total_bytes: int | None


class CodeAndDetail(TypedDict):
    """A code of docs/findings.md, with what was found."""

    code: str
    detail: str


class FindingAnswer(TypedDict):
    """One finding."""

    code: str
    where: str
    detail: str


class ClaimAnswer(TypedDict):
    """One claim and its verdict."""

    claim: str
    verdict: Verdict
    detail: str


class TouchedAnswer(TypedDict):
    """A record that is damaged or lost, and the cables on it."""

    record_id: str
    type: str
    url: str | None
    captured: str
    cables: list[str]
    revisits: int


class VerifiedAnswer(TypedDict):
    """One verification, of a collection or a file."""

    subject: str
    level: str
    good: bool
    records: int
    statements: int | None
    bytes_read: int
    claims: list[ClaimAnswer]
    findings: list[FindingAnswer]
    findings_not_listed: int
    notes: dict[str, int]
    touched: list[TouchedAnswer]
    repair: str
    signature: NotRequired[Value]


class VerifyAnswer(TypedDict, total=False):
    """`preserve verify`: of collections, or of files."""

    collections: list[VerifiedAnswer]
    files: list[VerifiedAnswer]


class CaptureAnswer(TypedDict):
    """`preserve capture`: the run in numbers, and what was not captured."""

    collection: str
    run: str
    resumed: bool
    outcome: Literal["complete", "cancelled", "limit"]
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    refused: Mapping[str, int]
    problems: list[tuple[str, str, str]]
    cables: int
    cables_held: int
    findings: list[tuple[str, str, str]]
    findings_total: int
    files: list[str]
    recovered: list[Recovered]
    checkpoint_size: int
    stamped: list[Stamped]
    browser_lacks: str
    compared: RunComparison
    waiting: Waiting


class InitAnswer(TypedDict):
    """`preserve init`."""

    collection: str
    created: bool
    folder: str
    origin: str
    key: str


class NewAnswer(TypedDict):
    """`preserve new`."""

    collection: str
    file: str
    layouts: list[str]
    status: int


class ImportedAnswer(TypedDict):
    """One file that was to be imported."""

    source: str
    outcome: str
    file: str
    records: int
    cables: int
    lacks: dict[str, int]
    reason: str


class ImportAnswer(TypedDict):
    """`preserve import`."""

    collection: str
    files: list[ImportedAnswer]


class RescueAnswer(TypedDict):
    """`preserve rescue`."""

    collection: str
    dry_run: bool
    saved: list[Saved]
    run: NotRequired[str]
    outcome: NotRequired[str]
    asked: NotRequired[Mapping[str, int]]
    cables: NotRequired[int]
    files: NotRequired[list[str]]
    checkpoint_size: NotRequired[int]


class WhereAnswer(TypedDict):
    """Something found at a place."""

    where: str
    code: str
    detail: str


class RereadAnswer(TypedDict):
    """`preserve reread`."""

    collection: str
    dry_run: bool
    extractor: str
    layouts: list[str]
    texts: int
    pages: int
    files: int
    files_read_before: int
    files_open: int
    stated: dict[str, int]
    pages_stated: int
    held: int
    newer: int
    changed: list[WhereAnswer]
    changed_total: int
    faults: list[WhereAnswer]
    faults_total: int
    statements: int


class ReleaseAddAnswer(TypedDict):
    """`preserve release add`."""

    release: str
    file: str | None
    stated_in: str | None


class ReleaseImportAnswer(TypedDict):
    """`preserve release import`."""

    collection: str
    release: str
    outcome: str
    name: str
    size: int
    sha256: str
    file: str
    rows: int
    unreadable: int
    cables: int


class RecordAnswer(TypedDict):
    """The record of a capture."""

    id: str
    type: str
    file: str
    offset: int
    statement: int
    sha256: str
    payload_sha256: str | None
    payload_record: str


class ChecksumsAnswer(TypedDict):
    """Of a page without a cable: its payload, its text, and that made for comparing."""

    raw: str
    body: str
    comparison: str


class CableAnswer(TypedDict):
    """A cable, as its statement has it."""

    extractor: str
    layout: str
    published_id: str
    canonical_id: str | None
    raw_sha256: str
    body_sha256: str
    comparison_sha256: str
    comparison_rules: str
    rules_fired: list[int]
    claims: dict[str, Claimed]
    fields: dict[str, PrintedFields]
    read_in: NotRequired[str]


class ShowAnswer(TypedDict):
    """`preserve show`: everything about one capture."""

    collection: str
    url: str
    second_hand: Value | None
    captured: str
    date_doubt: str | None
    signed: bool
    status: int | None
    challenge: str | None
    whole: str | None
    notes: list[CodeAndDetail]
    record: RecordAnswer
    later: Later | None
    also_published_as: NotRequired[list[str]]
    cable: NotRequired[CableAnswer]
    reading: NotRequired[ShownReading]
    text: NotRequired[str]
    findings: NotRequired[list[CodeAndDetail]]
    hidden_until_opened: NotRequired[bool]
    hidden_characters: NotRequired[int]
    sha256: NotRequired[ChecksumsAnswer]


class ConflictAnswer(TypedDict):
    """Two claims that contradict each other."""

    kind: str
    published_id: str
    detail: str
    record_ids: list[str]


class ObservationAnswer(TypedDict):
    """One capture of a cable, and how its text differs from that before."""

    number: int
    collection: str
    captured: str
    date_doubt: str | None
    url: str
    second_hand: Value | None
    record_id: str
    revisit: bool
    layout: str
    reading: ShownReading
    published_id: str
    canonical_id: str | None
    source: str
    source_released: str
    released: str
    counter: str
    release: str | None
    raw_sha256: str
    body_sha256: str
    comparison_sha256: str
    comparison_rules: str
    rules_fired: list[int]
    whole: str | None
    difference: str | None
    changes: list[str]
    conflicts: list[ConflictAnswer]


class UnreadAnswer(TypedDict):
    """A capture that cannot be read."""

    collection: str
    captured: str
    url: str | None
    record_id: str
    reason: str


class LaterInCollection(TypedDict):
    """Looks after the last whole one."""

    collection: str
    url: str
    reason: str
    since: str
    last: str
    looks: int


class HistoryAnswer(TypedDict):
    """`preserve history`."""

    cable: str
    observations: list[ObservationAnswer]
    unread: list[UnreadAnswer]
    later: list[LaterInCollection]
    moved: list[Value]


class SideAnswer(TypedDict):
    """One of two captures that are compared."""

    number: int
    collection: str
    captured: str
    url: str | None
    record_id: str
    published_id: str
    raw_sha256: str
    body_sha256: str
    comparison_sha256: str
    comparison_rules: str
    rules_fired: list[int]
    redaction_marks: int


class MarkAnswer(TypedDict):
    """A redaction mark, and its line."""

    text: str
    line: int


class PieceAnswer(TypedDict):
    """Words of a line that stayed, went or came."""

    kind: Literal["same", "removed", "added"]
    text: str


class LineAnswer(TypedDict):
    """A line that differs; its numbers before and after."""

    kind: Literal["removed", "added"]
    before: int | None
    after: int | None
    pieces: list[PieceAnswer]


class DiffAnswer(TypedDict):
    """`preserve diff`."""

    cable: str
    difference: str
    before: SideAnswer
    after: SideAnswer
    marks_added: list[MarkAnswer]
    marks_removed: list[MarkAnswer]
    lines: list[LineAnswer]


class CableFacts(TypedDict):
    """A cable as one text shows it."""

    collection: str
    published_id: str
    canonical_id: str | None
    sent: str | None
    classification: str
    origin: str
    subject: str
    tags: list[str]
    source: str
    url: str
    captures: int
    first_captured: str
    last_captured: str
    record_id: str
    statement: int
    body_sha256: str
    redactions: int


class ListAnswer(TypedDict):
    """`preserve list`."""

    cables: list[CableFacts]


class HitAnswer(CableFacts):
    """A cable that was found; ``marks``: spans of characters in the passage."""

    rank: float
    passage: str
    marks: list[list[int]]


class FacetAnswer(TypedDict):
    """How many hits have a value."""

    value: str
    count: int


class FoundAnswer(TypedDict):
    """`preserve search`."""

    query: str
    count: int
    is_more: bool
    hits: list[HitAnswer]
    facets: NotRequired[dict[str, list[FacetAnswer]]]


class NodeAnswer(TypedDict):
    """A cable in the graph."""

    id: str
    held: bool
    held_as: list[str]
    subject: str
    sent: str | None
    origin: str


class EdgeAnswer(TypedDict):
    """A citation in the graph."""

    citing: str
    cited: str
    held: bool
    certain: bool
    year_is_assumed: bool
    rules: str
    enumerator: str | None
    printed: str
    collection: str
    statement: int


class GraphAnswer(TypedDict):
    """`preserve graph`."""

    nodes: list[NodeAnswer]
    edges: list[EdgeAnswer]


class NewestAnswer(TypedDict):
    """The newest capture of a source."""

    captured: str
    record_id: str


class SourceAnswer(TypedDict):
    """One source of a cable."""

    number: int
    host: str
    claims: str
    release: str | None
    captures: int
    texts: int
    newest: NewestAnswer


class AgreementAnswer(TypedDict):
    """Sources that show the same."""

    sha256: str
    sources: list[int]
    hosts: int
    origins: int


class CorroborateAnswer(TypedDict):
    """`preserve corroborate`."""

    cable: str
    sources: list[SourceAnswer]
    agreement: dict[str, list[AgreementAnswer]]
    unread: int
    caveat: str


class ClaimedByAnswer(TypedDict):
    """Who claims a release."""

    captures: int
    cables: int
    printed: dict[str, int]
    collections: list[str]
    first_captured: str | None
    last_captured: str | None


class UndeclaredAnswer(TypedDict):
    """A source that pages name, and that is not declared."""

    source: str
    claimed: ClaimedByAnswer


class ReleasesAnswer(TypedDict):
    """`preserve releases`; ``declared`` has the keys of the configuration."""

    declared: list[Value]
    undeclared: list[UndeclaredAnswer]
    stated: list[Value]
    silent_captures: int
    conflicts: list[ConflictAnswer]
    conflict_counts: dict[str, int]


class CitationAnswer(TypedDict):
    """One citation: CSL-JSON, and each form that was asked for."""

    csl: Value
    forms: dict[str, str]
    later: NotRequired[Later | None]
    passage: NotRequired[Value]


class CiteAnswer(TypedDict):
    """`preserve cite`."""

    citations: list[CitationAnswer]


class KeyWithoutEntry(TypedDict):
    """A key that is cited and has no entry."""

    key: str
    place: str


class CheckedCitation(TypedDict):
    """One citation of a document."""

    place: str
    names: list[str]
    url: str | None
    captures: int
    first: str | None
    last: str | None
    signed: bool | None
    record_id: str | None
    collection: str | None
    claims: list[ClaimAnswer]


class CheckedDocument(TypedDict):
    """A capsule, or a document with citations."""

    file: str
    kind: str
    claims: NotRequired[list[ClaimAnswer]]
    conclusion: NotRequired[str]
    entries: NotRequired[dict[str, int]]
    unread: NotRequired[list[str]]
    keys_without_entry: NotRequired[list[KeyWithoutEntry]]
    citations: NotRequired[list[CheckedCitation]]


class CheckAnswer(TypedDict):
    """`preserve check`."""

    good: bool
    files: list[CheckedDocument]


class PlanAnswer(TypedDict):
    """What can be restored of a file, or was."""

    path: str
    records: int
    found: int
    exact: bool
    sources: list[str]
    reason: str


class RepairAnswer(TypedDict):
    """`preserve repair`."""

    collection: str
    applied: bool
    whole: bool
    files: list[PlanAnswer]
    quarantined: list[str]
    pending: int


class RecoveredAnswer(TypedDict):
    """A file that a stopped run left open."""

    file: str
    records: int
    cut_bytes: int


class RecoverAnswer(TypedDict):
    """`preserve recover`."""

    collection: str
    statements: int
    recovered: list[RecoveredAnswer]
    quarantined: list[str]


class RebuildAnswer(TypedDict):
    """`preserve rebuild`."""

    collection: str
    statements: int
    records: int
    index_lines: int
    newer_statements: int


class UpgradedAnswer(TypedDict):
    """What this version makes of one archive; ``good``: null where nothing was verified."""

    collection: str
    format: int
    statements: int
    newer_statements: int
    derived: dict[str, str]
    applied: bool
    good: bool | None
    files_stated: int


class UpgradeAnswer(TypedDict):
    """`preserve upgrade`."""

    program: str
    collections: list[UpgradedAnswer]


class LocksAnswer(TypedDict):
    """Object lock on the files of a copy: how many have one, and the soonest end."""

    files: int
    locked: int
    until: str | None
    trouble: str


class ReplicatedAnswer(TypedDict):
    """One copy."""

    collection: str
    relation: str
    complete: bool
    statements: int
    files: int
    copied: list[str]
    bytes_copied: int
    pending: int
    locks: LocksAnswer | None
    findings: list[FindingAnswer]


class ReplicateAnswer(TypedDict):
    """`preserve replicate`."""

    collections: list[ReplicatedAnswer]


class ProveAnswer(TypedDict):
    """`preserve ledger prove`."""

    index: int
    size: int
    hashes: int
    entry: Value


class LedgerCheckAnswer(TypedDict):
    """`preserve ledger check`."""

    good: bool
    reason: NotRequired[str]
    older: NotRequired[int]
    held: NotRequired[int]
    signed: NotRequired[str]


class WitnessAnswer(TypedDict):
    """`preserve ledger witness`."""

    size: int
    witness: str


class StampAnswer(TypedDict):
    """`preserve ledger stamp`."""

    stamped: list[Stamped]


class AcceptAnswer(TypedDict):
    """`preserve ledger accept`."""

    log: str
    key: NotRequired[str]
    follows: NotRequired[Value]
    carried: NotRequired[int]
    lost: NotRequired[int]
    before: NotRequired[str]
    quarantined: NotRequired[list[str]]
    size: NotRequired[int]
    behind: NotRequired[int]


class KeyShowAnswer(TypedDict):
    """`preserve key show`."""

    log: str
    key: str
    file: str
    passphrase: bool


class KeyWaczAnswer(TypedDict):
    """`preserve key wacz`. ``key`` is the public key: SubjectPublicKeyInfo in base64; ``is_new``: it was made now."""

    collection: str
    key: str
    file: str
    is_new: bool


class KeyRotateAnswer(TypedDict):
    """`preserve key rotate`."""

    log: str
    old: str
    new: str


class KeyExportAnswer(TypedDict):
    """`preserve key export`."""

    form: str
    key: str


class RunOfSchedule(TypedDict):
    """A due moment that was looked after."""

    collection: str
    job: str
    event: JobEvent | None
    steps: list[Step]


class ScheduleOnceAnswer(TypedDict):
    """`preserve schedule once`."""

    runs: list[RunOfSchedule]


class HeadOfCollection(TypedDict):
    """The newest state of a log that counts in a fleet. ``root`` in hex; ``epoch``: the lease that placed it."""

    size: int
    root: str
    epoch: int


class LeaseOfCollection(TypedDict):
    """Which machine of a fleet has a collection; ``left_s``: seconds until its lease ends, below 0 where it is lost."""

    name: str
    holder: str
    epoch: int
    left_s: float
    head: HeadOfCollection | None


class ScheduleState(TypedDict):
    """How a job stands. Without the rest, no scheduler has looked at it."""

    collection: str
    job: str
    wrong: list[str]
    next_start: NotRequired[Moment]
    last: NotRequired[JobEvent | None]
    last_good: NotRequired[JobEvent | None]
    failed_in_a_row: NotRequired[int]
    is_under_way: NotRequired[bool]
    overdue_since: NotRequired[Moment | None]
    clock_back: NotRequired[bool]
    looked: NotRequired[Moment | None]
    steps: NotRequired[list[Step]]
    unseen: NotRequired[UnwatchedTime | None]
    ended: NotRequired[list[JobEvent]]
    lease: NotRequired[LeaseOfCollection]


class ScheduleStatusAnswer(TypedDict):
    """`preserve schedule status`."""

    schedules: list[ScheduleState]


class EventAnswer(TypedDict):
    """What became of a due moment."""

    job: str
    nominal: Moment
    start: Moment
    outcome: str
    reason: str
    tries: int
    again: Moment | None
    began: Moment | None
    ended: Moment | None
    report: Value
    steps: NotRequired[list[Step]]


class ScheduleLogAnswer(TypedDict):
    """`preserve schedule log`."""

    collection: str
    events: list[EventAnswer]


class ScheduleForgetAnswer(TypedDict):
    """`preserve schedule forget`."""

    collection: str
    forgotten: bool
    events: list[EventAnswer]


class InstallAnswer(TypedDict):
    """`preserve schedule install`, `preserve serve install`: of systemd, or of cron."""

    written: bool
    folder: NotRequired[str]
    units: NotRequired[dict[str, str]]
    commands: NotRequired[list[str]]
    crontab: NotRequired[str]


class AlarmsState(TypedDict):
    """Alarms, and messages that no channel has taken."""

    channels: list[str]
    raised: list[str]
    unsent: list[str]
    wrong: list[str]
    is_known: bool


class StatusAnswer(TypedDict):
    """`preserve status`; ``wrong``: how many things."""

    looked: Moment
    wrong: int
    collections: list[CollectionState]
    alarms: AlarmsState


class MessageAnswer(TypedDict):
    """A message to a channel: the document of docs/alarms.md."""

    version: int
    id: str
    event: str
    channel: str
    collection: str
    kind: str | None
    subject: str
    summary: str
    items: list[str]
    items_total: int
    times: int
    bad_since: Moment | None
    created: Moment
    machine: str
    archives: str
    meaning: str
    next_step: str


class ConditionAnswer(TypedDict):
    """What is wrong now."""

    collection: str
    kind: str
    subject: str
    summary: str
    items: list[str]
    items_total: int
    bad_since: str
    times: int
    raised: str
    told: str
    state: Literal["sent", "queued", "failed", "waiting", "nobody"]
    next_step: str


class UnsentAnswer(MessageAnswer):
    """A message that its channel has not taken."""

    state: Literal["queued", "failed", "undeliverable"]
    attempts: int
    failing_since: str
    error: str
    next_try: str
    undeliverable: bool


class AlarmsListAnswer(TypedDict):
    """`preserve alarms list`."""

    conditions: list[ConditionAnswer]
    unsent: list[UnsentAnswer]


class DeliveryAnswer(MessageAnswer):
    """A message that was to be sent."""

    sent: bool
    error: str


class DeliveriesAnswer(TypedDict):
    """`preserve alarms test`, `preserve alarms send`."""

    deliveries: list[DeliveryAnswer]


class AlarmsDropAnswer(TypedDict):
    """`preserve alarms drop`."""

    dropped: list[MessageAnswer]


class AlarmsForgetAnswer(TypedDict):
    """`preserve alarms forget`."""

    collection: str
    forgotten: int


class PointAnswer(TypedDict):
    """One point of an examination."""

    of: str
    mark: str
    about: str
    detail: str
    next_step: str


class DoctorAnswer(TypedDict):
    """`preserve doctor`."""

    failed: int
    points: list[PointAnswer]


class GoodCapture(TypedDict):
    """A capture that shows the page."""

    record_id: str
    captured: str
    statement: int
    payload_sha256: str | None
    cable: str | None


class MementoAnswer(TypedDict):
    """What a web archive served."""

    archive: str
    served: str | None
    requested: str
    record_id: str | None
    held: str


TransitionAnswer = TypedDict(
    "TransitionAnswer",
    {"date": str, "from": str | None, "to": str, "reason": str, "status": int | None, "evidence": str},
)


class AddressFacts(TypedDict):
    """What became of one address."""

    collection: str
    url: str
    state: str
    reason: str
    since: str
    looks: int
    last_look: str | None
    days_missing: int
    days_unreachable: int
    first_good: GoodCapture | None
    last_good: GoodCapture | None
    second_hand: list[MementoAnswer]
    transitions: list[TransitionAnswer]
    transitions_left_out: int


class AddressAnswer(AddressFacts):
    """What became of one address, and whether it raises alarms."""

    muted: bool


class RotAnswer(TypedDict):
    """`preserve rot`."""

    addresses: list[AddressAnswer]
    counts: dict[str, int]


class RotAcceptAnswer(TypedDict):
    """`preserve rot accept`."""

    collection: str
    accepted: list[str]


class RotMovedAnswer(TypedDict):
    """`preserve rot moved`."""

    collection: str
    old: str
    new: str


class RotMuteAnswer(TypedDict):
    """`preserve rot mute`."""

    collection: str
    muted: bool
    urls: list[str]


class TableAnswer(TypedDict):
    """`preserve export csv`, `jsonl`, `parquet`."""

    file: str
    rows: int
    left_out: list[str]


class PackageAnswer(TypedDict):
    """`preserve export wacz`. ``size`` in bytes; ``unsigned``, ``blocked``: records that were left out, and why."""

    file: str
    size: int
    files: int
    records: int
    unsigned: int
    blocked: int
    is_signed: bool


class BagAnswer(TypedDict):
    """`preserve export bag`. ``files`` of the payload, ``size`` their bytes; ``pending``: statements not copied."""

    output: str
    files: int
    size: int
    pending: int


class DataciteAnswer(TypedDict):
    """`preserve export datacite`. ``version`` is the size of the checkpoint."""

    file: str
    version: str


class ProvenanceAnswer(TypedDict):
    """`preserve export prov`, `premis`."""

    file: str
    captures: int
    texts: int


class CrateAnswer(TypedDict):
    """`preserve export ro-crate`."""

    output: str
    files: int
    left_out: list[str]


class TopicAnswer(TypedDict):
    """A page of the documentation."""

    topic: str
    title: str


class DocsAnswer(TypedDict, total=False):
    """`preserve docs`: the list of pages, or one."""

    pages: list[TopicAnswer]
    topic: str
    title: str
    text: str


class ServeAnswer(TypedDict):
    """`preserve serve`, once it listens."""

    desk: str
    listening: str
    replay: str | None
    metrics: str | None
    collections: list[str]


class DemoAnswer(TypedDict):
    """`preserve demo`."""

    good: bool
    steps: list[Value]


ANSWERS: Final[Mapping[str, object]] = {
    "alarms-drop": AlarmsDropAnswer,
    "alarms-forget": AlarmsForgetAnswer,
    "alarms-list": AlarmsListAnswer,
    "alarms-send": DeliveriesAnswer,
    "alarms-test": DeliveriesAnswer,
    "capture": CaptureAnswer,
    "check": CheckAnswer,
    "cite": CiteAnswer,
    "corroborate": CorroborateAnswer,
    "demo": DemoAnswer,
    "diff": DiffAnswer,
    "docs": DocsAnswer,
    "doctor": DoctorAnswer,
    "error": ErrorAnswer,
    "export-bag": BagAnswer,
    "export-csv": TableAnswer,
    "export-datacite": DataciteAnswer,
    "export-jsonl": TableAnswer,
    "export-parquet": TableAnswer,
    "export-premis": ProvenanceAnswer,
    "export-prov": ProvenanceAnswer,
    "export-ro-crate": CrateAnswer,
    "export-wacz": PackageAnswer,
    "graph": GraphAnswer,
    "history": HistoryAnswer,
    "import": ImportAnswer,
    "init": InitAnswer,
    "key-export": KeyExportAnswer,
    "key-rotate": KeyRotateAnswer,
    "key-show": KeyShowAnswer,
    "key-wacz": KeyWaczAnswer,
    "ledger-accept": AcceptAnswer,
    "ledger-check": LedgerCheckAnswer,
    "ledger-prove": ProveAnswer,
    "ledger-stamp": StampAnswer,
    "ledger-witness": WitnessAnswer,
    "list": ListAnswer,
    "new": NewAnswer,
    "progress": ProgressAnswer,
    "rebuild": RebuildAnswer,
    "recover": RecoverAnswer,
    "release-add": ReleaseAddAnswer,
    "release-import": ReleaseImportAnswer,
    "releases": ReleasesAnswer,
    "repair": RepairAnswer,
    "replicate": ReplicateAnswer,
    "reread": RereadAnswer,
    "rescue": RescueAnswer,
    "rot": RotAnswer,
    "rot-accept": RotAcceptAnswer,
    "rot-moved": RotMovedAnswer,
    "rot-mute": RotMuteAnswer,
    "schedule-forget": ScheduleForgetAnswer,
    "schedule-install": InstallAnswer,
    "schedule-log": ScheduleLogAnswer,
    "schedule-once": ScheduleOnceAnswer,
    "schedule-status": ScheduleStatusAnswer,
    "search": FoundAnswer,
    "serve-run": ServeAnswer,
    "serve-install": InstallAnswer,
    "show": ShowAnswer,
    "status": StatusAnswer,
    "upgrade": UpgradeAnswer,
    "verify": VerifyAnswer,
}
"""The answer of every command that has ``--json``, by the name of its schema: ``preserve/NAME/1``."""
STREAMS: Final = frozenset({"extract", "ledger-log"})
"""Commands whose answer is JSON Lines, and no one document."""
SILENT: Final = frozenset({"schedule-run"})
"""Commands that never end by themselves, and answer nothing."""
