"""The steps after a capture: in their order, each recorded, none lost by a scheduler that dies."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from preserve.config.schedule import ScheduleConfig, StepConfig
from preserve.schedule.child import ChildEnd
from preserve.schedule.job_table import CAPTURE, VERIFICATION, JobTable
from preserve.schedule.jobs import judge, judge_step, step_words
from tests.unit.schedule.doing import GOOD, UNREACHED, Doing, look, run, standing, steps

_START = 1_704_067_200
_DAY = 86_400
_RULE = ScheduleConfig(
    every="1d",
    steps=(
        StepConfig(verify=5),
        StepConfig(receipts=True),
        StepConfig(replicate="/mnt/copy"),
        StepConfig(export="/srv/demo.csv"),
    ),
    alive_file="/srv/demo.alive",
)
_FOUND = {"collections": [{"good": True, "findings": []}]}
_DAMAGED = {"collections": [{"good": False, "findings": [{"code": "E-LEDGER-RECORD"}]}]}


def _ends(words: Sequence[str]) -> ChildEnd:
    return GOOD if words[0] == "capture" else ChildEnd(status=0, report=_FOUND if words[0] == "verify" else {})


def _told(folder: Path) -> list[tuple[str, str]]:
    return [(step.name, step.outcome) for step in steps(folder, _RULE)]


def test_steps_follow_a_capture_in_their_order_and_are_recorded(tmp_path: Path) -> None:
    doing = Doing(_START, _ends)
    look(tmp_path, _RULE, doing)
    assert doing.done == [
        ("capture", "demo", "--json"),
        ("verify", "demo", "--sample", "5", "--json"),
        ("ledger", "stamp", "demo", "--json"),
        ("replicate", "/mnt/copy", "demo", "--json"),
        ("export", "csv", "--collection", "demo", "--output", "/srv/demo.csv", "--json"),
        ("alive", "demo"),
    ]
    assert _told(tmp_path) == [
        ("verify 5", "good"),
        ("receipts", "good"),
        ("replicate /mnt/copy", "good"),
        ("export /srv/demo.csv", "good"),
        ("alive", "good"),
    ]


def test_no_step_follows_a_capture_that_failed(tmp_path: Path) -> None:
    doing = Doing(_START, UNREACHED)
    look(tmp_path, _RULE, doing)
    assert len(doing.done) == 1
    assert _told(tmp_path) == []


def test_a_step_that_fails_keeps_no_other_back_but_nobody_is_told_that_all_is_well(tmp_path: Path) -> None:
    def ends(words: Sequence[str]) -> ChildEnd:
        return ChildEnd(status=1) if words[0] == "replicate" else _ends(words)

    doing = Doing(_START, ends)
    look(tmp_path, _RULE, doing)
    assert ("alive", "demo") not in doing.done
    assert [outcome for _, outcome in _told(tmp_path)] == ["good", "good", "failed", "good", "skipped"]
    assert any("replicate" in step.name for step in standing(tmp_path, _START, _RULE).steps if step.outcome == "failed")


def test_a_watcher_that_cannot_be_told_is_a_failed_step(tmp_path: Path) -> None:
    look(tmp_path, _RULE, Doing(_START, _ends, alive_problem="alive_url: status 500"))
    assert _told(tmp_path)[-1] == ("alive", "failed")


@pytest.mark.parametrize("dies_at", range(1, 6))
def test_a_scheduler_that_dies_at_any_step_leaves_none_undone(tmp_path: Path, dies_at: int) -> None:
    calls = 0

    def ends(words: Sequence[str]) -> ChildEnd:
        nonlocal calls
        calls += 1
        if calls == dies_at:
            raise SystemExit
        return _ends(words)

    with pytest.raises(SystemExit):
        look(tmp_path, _RULE, Doing(_START, ends))
    for minutes in (1, 20):
        look(tmp_path, _RULE, Doing(_START + minutes * 60, ends))
    with JobTable.open(tmp_path, "demo", CAPTURE, _RULE) as table:
        assert [event.outcome for event in table.events()] == ["ran"]
    assert [outcome for _, outcome in _told(tmp_path)] == ["good"] * 5


def test_a_step_that_ends_its_scheduler_again_and_again_has_failed(tmp_path: Path) -> None:
    def ends(words: Sequence[str]) -> ChildEnd:
        if words[0] == "verify":
            raise SystemExit
        return _ends(words)

    for minute in range(3):
        with pytest.raises(SystemExit):
            look(tmp_path, _RULE, Doing(_START + minute, ends))
    look(tmp_path, _RULE, Doing(_START + 10, ends))
    assert [outcome for _, outcome in _told(tmp_path)] == ["failed", "good", "good", "good", "skipped"]


def test_a_step_that_was_stopped_is_done_at_the_next_look(tmp_path: Path) -> None:
    doing = Doing(_START)

    def ends(words: Sequence[str]) -> ChildEnd:
        if words[0] == "replicate" and doing.level == 0 and doing.now == _START:
            doing.level = 1
            return ChildEnd(status=130, stopped=True)
        return _ends(words)

    doing.ended = ends
    look(tmp_path, _RULE, doing)
    assert [outcome for _, outcome in _told(tmp_path)] == ["good", "good", "waiting", "waiting", "waiting"]
    doing.level, doing.now = 0, _START + 5
    look(tmp_path, _RULE, doing)
    assert [outcome for _, outcome in _told(tmp_path)] == ["good"] * 5


def test_a_copy_that_was_there_and_is_gone_is_not_made_anew_on_the_wrong_disk(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    rule = ScheduleConfig(every="1d", steps=(StepConfig(replicate=str(copy)),))
    (copy / "demo").mkdir(parents=True)
    assert run(tmp_path / "archives", _START, rule) == "ran"
    (copy / "demo").rmdir()
    doing = Doing(_START + _DAY)
    look(tmp_path / "archives", rule, doing)
    assert [words[0] for words in doing.done] == ["capture"]
    failed = steps(tmp_path / "archives", rule)[-1]
    assert failed.outcome == "failed"
    assert "mounted" in failed.detail


def test_a_mounted_bucket_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    rule = ScheduleConfig(every="1d", steps=(StepConfig(replicate=f"file://{tmp_path}/copy"),))
    (tmp_path / "copy" / "demo").mkdir(parents=True)
    assert run(tmp_path / "archives", _START, rule) == "ran"
    (tmp_path / "copy" / "demo").rmdir()
    doing = Doing(_START + _DAY)
    look(tmp_path / "archives", rule, doing)
    assert [words[0] for words in doing.done] == ["capture"]
    assert "mounted" in steps(tmp_path / "archives", rule)[-1].detail


def test_a_copy_in_a_bucket_that_was_there_and_had_to_be_made_anew_is_a_failed_step(tmp_path: Path) -> None:
    rule = ScheduleConfig(every="1d", steps=(StepConfig(replicate="s3://bucket/copies"),))
    relations = iter(["new", "older", "new", "older"])

    def ends(words: Sequence[str]) -> ChildEnd:
        if words[0] == "capture":
            return GOOD
        return ChildEnd(status=0, report={"collections": [{"relation": next(relations)}]})

    outcomes = []
    for day in range(4):
        doing = Doing(_START + day * _DAY, ends)
        look(tmp_path, rule, doing)
        assert doing.done[-1] == ("replicate", "s3://bucket/copies", "demo", "--json")
        outcomes.append(steps(tmp_path, rule)[-1].outcome)
    assert outcomes == ["good", "good", "failed", "good"]


def test_damage_that_a_sample_finds_is_a_failed_step_and_warnings_are_not() -> None:
    assert judge_step("verify 5", ChildEnd(status=1, report=_DAMAGED)) == (
        "failed", "damage was found: E-LEDGER-RECORD",
    )  # fmt: skip
    odd = {"collections": [{"good": True, "findings": [{"code": "W-X"}]}]}
    assert judge_step("verify 5", ChildEnd(status=1, report=odd)) == ("good", "something was found: W-X")


def test_a_verification_that_finds_damage_ran_and_one_that_could_not_look_failed() -> None:
    judged = judge(VERIFICATION, ChildEnd(status=1, report=_DAMAGED))
    assert (judged.outcome, judged.reason) == ("ran", "damage was found: E-LEDGER-RECORD")
    assert judge(VERIFICATION, ChildEnd(status=3)).outcome == "failed"
    assert judge(VERIFICATION, ChildEnd(status=-9)).outcome == "failed"


def test_paths_of_steps_reach_the_command_as_they_are() -> None:
    assert step_words("replicate /mnt/a copy; rm -rf", "demo")[1] == "/mnt/a copy; rm -rf"
    assert step_words("export /srv/a b.c.parquet", "demo")[1:] == (
        "parquet", "--collection", "demo", "--output", "/srv/a b.c.parquet", "--json",
    )  # fmt: skip


_WRITES = ("looked", "take", "end", "next_step", "end_step")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.one_in(3)
@pytest.mark.parametrize("dies_at", range(1, 18))
def test_a_scheduler_that_dies_at_any_write_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int, when: str
) -> None:
    calls = 0
    doing = Doing(_START, _ends)

    def dying(function: Callable[..., object]) -> Callable[..., object]:
        def step(*args: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == dies_at and when == "before":
                raise SystemExit
            result = function(*args, **named)
            if calls == dies_at:
                raise SystemExit
            return result

        return step

    with monkeypatch.context() as patch:
        for name in _WRITES:
            patch.setattr(JobTable, name, dying(getattr(JobTable, name)))
        with suppress(SystemExit):
            look(tmp_path, _RULE, doing)
    for minute in range(1, 40):
        doing.now = _START + minute * 60
        look(tmp_path, _RULE, doing)
    with JobTable.open(tmp_path, "demo", CAPTURE, _RULE) as table:
        (event,) = table.events()
    assert event.outcome == "ran"
    assert [outcome for _, outcome in _told(tmp_path)] == ["good"] * 5
    # Only a death between the end of the work and its record makes it be done again.
    assert len([words for words in doing.done if words[0] == "capture"]) <= 2
    assert len(doing.done) <= 7
