"""What a reading of a record found, as the statement that a ledger has of it, and back: the one rule for both ways."""

from preserve.integrity.facts import RecordFacts
from preserve.model import whole_date
from preserve.provenance.statements import RecordStatement


def statement_of(facts: RecordFacts, file: str, ordinal: int, run: str) -> RecordStatement:
    """The statement of a record of which all was asked; whether its values are allowed, `encode` sees."""
    return RecordStatement(
        record_id=facts.record_id,
        type=facts.type,
        uri=facts.uri,
        date=whole_date(facts.date) or facts.date,
        status=facts.status,
        file=file,
        ordinal=ordinal,
        record_sha256=facts.record_sha256 or "",
        block_sha256=facts.block_sha256 or "",
        payload_sha256=facts.payload_sha256,
        refers_to=facts.refers_to,
        mime=facts.mime,
        challenge=facts.challenge,
        whole=facts.whole,
        run=run,
        method=facts.method,
    )


def facts_in(said: RecordStatement) -> RecordFacts:
    """What a statement says of its record."""
    return RecordFacts(
        record_id=said.record_id,
        type=said.type,
        uri=said.uri,
        date=said.date,
        record_sha256=said.record_sha256,
        block_sha256=said.block_sha256,
        payload_sha256=said.payload_sha256,
        status=said.status,
        mime=said.mime,
        challenge=said.challenge,
        refers_to=said.refers_to,
        whole=said.whole,
        method=said.method,
    )
