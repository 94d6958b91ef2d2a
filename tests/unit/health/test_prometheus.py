"""The metrics of collections, as Prometheus's own parser reads them."""

from prometheus_client.parser import text_string_to_metric_families

from preserve import __version__
from preserve.health.collections import CollectionState, JobState, LastCheck
from preserve.health.link_history import LinkCounts
from preserve.health.prometheus import metrics
from preserve.store.checks import Check

_CHECK = Check(
    level="full",
    started=1_700_000_000,
    ended=1_700_000_060,
    good=False,
    records=1,
    bytes_read=1,
    statements=3,
    codes={},
)


def _state(name: str = "demo", **more: object) -> CollectionState:
    return CollectionState(name=name, title="x", is_configured=True, is_held=True, **more)  # type: ignore[arg-type]


def _read(*states: CollectionState, open_alarms: int | None = 0) -> dict[tuple[str, ...], float]:
    """Values by name and by the values of the labels."""
    text = metrics(states, 1_800_000_000, open_alarms=open_alarms, unsent_alarms=2)
    return {
        (sample.name.removeprefix("preserve_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_without_collections_it_tells_of_itself_and_of_alarms() -> None:
    assert _read() == {
        ("info", __version__): 1,
        ("status_time_seconds",): 1_800_000_000,
        ("alarms_open",): 0,
        ("alarms_unsent",): 2,
    }


def test_what_is_not_known_has_no_sample_and_no_name() -> None:
    found = _read(_state(), open_alarms=None)
    assert ("alarms_open",) not in found
    assert not {name for name, *_labels in found} & {"runs", "free_bytes", "full_check_time_seconds", "links"}
    assert "preserve_free_bytes" not in metrics([_state()], 0, open_alarms=None, unsent_alarms=None)
    assert found["damaged", "demo"] == 0


def test_every_collection_job_and_state_of_links_is_a_sample_of_one_metric() -> None:
    links = LinkCounts(statements=1, counts={"alive": 7, "gone": 2}, lost_since="")
    found = _read(
        _state(
            wrong=("a", "b"), free_bytes=1 << 40, links=links, jobs=(JobState(job="capture", standing=None, wrong=()),)
        ),
        _state("other", checked=LastCheck(full=_CHECK, last=_CHECK, damage=_CHECK)),
    )
    assert (found["wrong", "demo"], found["wrong", "other"]) == (2, 0)
    assert (found["links", "demo", "alive"], found["links", "demo", "gone"]) == (7, 2)
    assert found["free_bytes", "demo"] == 1 << 40
    assert found["schedule_begun", "demo", "capture"] == 0
    assert ("schedule_overdue", "demo", "capture") not in found
    assert (found["damaged", "demo"], found["damaged", "other"]) == (0, 1)
    assert found["full_check_time_seconds", "other"] == 1_700_000_000


def test_labels_are_escaped() -> None:
    links = LinkCounts(statements=1, counts={'a"b\\c\nd': 1}, lost_since="")
    assert _read(_state(links=links))["links", "demo", 'a"b\\c\nd'] == 1
