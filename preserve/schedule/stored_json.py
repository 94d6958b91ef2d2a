"""What a due table keeps as JSON, read back. A table that was damaged or changed by hand is told as such."""

import json
import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING

from preserve.errors import BrokenStateError

if TYPE_CHECKING:
    from preserve.config.schedule import ScheduleRuleConfig

_MOST_KEPT = 1_000
"""Moments of a table that is kept as text, which is written whole at each change: the newest, with their steps."""
_KEPT = """
nominal IN (SELECT nominal FROM moment ORDER BY nominal DESC LIMIT :most)
OR nominal = (SELECT max(nominal) FROM moment WHERE outcome = 'ran')"""
_KEPT_STEPS = f"""{_KEPT}
OR nominal IN (SELECT max(nominal) FROM step WHERE outcome = 'good' GROUP BY name)
OR outcome IN ('waiting', 'running')"""  # noqa: S608 - words of ours
_TABLES = {"plan": ":most", "moment": _KEPT, "step": _KEPT_STEPS}
_NEXT_STEP = "Move the job's table in .schedule/ of the archives away: its schedule begins anew."


def rule_kept(text: str) -> "ScheduleRuleConfig":
    """The rule by which a table was filled.

    Raises:
        BrokenStateError: it is none.
    """
    from preserve.config.schedule import ScheduleRuleConfig  # noqa: PLC0415 - where nothing is scheduled none is kept

    try:
        return ScheduleRuleConfig.model_validate_json(text)
    except ValueError as error:
        raise BrokenStateError("the due table holds no rule that can be read", next_step=_NEXT_STEP) from error


def report_kept(text: str) -> Mapping[str, object]:
    """What a run told (`preserve.schedule.run_summary`); empty where it told nothing.

    Raises:
        BrokenStateError: it is no JSON object.
    """
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise BrokenStateError("the due table holds a report that cannot be read", next_step=_NEXT_STEP) from error
    if not isinstance(value, dict):
        raise BrokenStateError("the due table holds a report that is none", next_step=_NEXT_STEP)
    return value


def text_of(connection: sqlite3.Connection) -> str:
    """A due table as JSON, by the names of its tables: their rows. Of one that is long, what is old is left out."""
    return json.dumps(
        {
            name: connection.execute(
                f"SELECT * FROM {name} WHERE {kept} ORDER BY 1, 2",  # noqa: S608 - words of ours
                {"most": _MOST_KEPT},
            ).fetchall()
            for name, kept in _TABLES.items()
        },
        separators=(",", ":"),
    )


def fill(connection: sqlite3.Connection, text: str) -> None:
    """Puts the rows of a text by `text_of` into empty tables, which say themselves what may be in them.

    Raises:
        BrokenStateError: they cannot be there.
    """
    try:
        held = json.loads(text)
        with connection:
            for name in _TABLES:
                for row in held[name]:
                    connection.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - ours
    except (ValueError, KeyError, TypeError, RecursionError, sqlite3.Error) as error:
        raise BrokenStateError(
            "the database of the fleet holds a due table that cannot be read",
            next_step="Delete its row from preserve_job there: its schedule begins anew.",
        ) from error
