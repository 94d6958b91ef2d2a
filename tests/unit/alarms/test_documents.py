"""Whatever texts pages bring into a message: a mail stays a mail, a document a document."""

import json
from email import message_from_bytes
from email.policy import default

from hypothesis import given
from hypothesis import strategies as st

from preserve.alarms.documents import document, json_bytes, mail, title
from preserve.alarms.values import MAX_ITEMS, AlarmEvent, AlarmMessage
from preserve.config.alarm_kinds import AlarmKind
from tests.unit.alarms.telling import START, found

_TEXT = st.text(max_size=300) | st.text(alphabet='a \r\n\t:.=?_\x00\x1b\u202e\ud800é€\U0001f600,;"<>@', max_size=900)


@given(subject=_TEXT, summary=_TEXT, items=st.lists(_TEXT, max_size=30), event=st.sampled_from(AlarmEvent))
def test_any_text_makes_a_mail_with_the_same_header_and_a_document_of_one_line(
    subject: str, summary: str, items: list[str], event: AlarmEvent
) -> None:
    seen = found(1, subject=subject, summary=summary, items=tuple(items)).bounded()
    message = AlarmMessage(
        number=1, id="6f7a", channel="keeper", event=event, collection=seen.collection, kind=AlarmKind.PAGE_GONE,
        subject=seen.subject, summary=seen.summary, items=seen.items, items_total=seen.items_total, times=3,
        bad_since=START, created=START,
    )  # fmt: skip
    sent = mail(message, sender="preserve@example.org", to=["a@example.org", "b@example.org"]).as_bytes()
    assert max(len(line) for line in sent.split(b"\r\n")) <= 998
    assert b"\n" not in sent.replace(b"\r\n", b"")
    got = message_from_bytes(sent, policy=default)
    assert sorted(got.keys()) == [
        "Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "MIME-Version", "Message-ID",
        "Subject", "To", "X-Preserve-Message",
    ]  # fmt: skip
    assert "".join(str(got["Subject"]).split()) == "".join(f"[preserve] {title(message)}".split())
    body = got.get_content()
    assert all(item in body for item in seen.items)
    line = json_bytes(message)
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert json.loads(line) == document(message)
    assert len(seen.items) <= MAX_ITEMS
