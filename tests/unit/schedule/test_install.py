"""Units of systemd and lines of cron: words reach the program as they are, and nothing else of the user's changes."""

import os
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from preserve.errors import UsageError
from preserve.schedule.install import SERVICE, STATUS_SERVICE, STATUS_TIMER, ProgramCall, cron_block, crontab_with
from preserve.schedule.install import systemd_units as units_of
from tests.shell import Shell
from tests.site import Site

_ODD = "/srv/an archive/100% $HOME \"x\" 'y' \\z;"


def _place(*, user: str | None = None, metrics: str | None = None, folder: str = _ODD) -> ProgramCall:
    return ProgramCall(
        program=("/bin/true", "-m", "preserve"),
        options=("--archives", folder, "--config", "/srv/config"),
        archives=folder,
        environment={"XDG_CONFIG_HOME": folder},
        writable=[folder, folder],
        user=user,
        metrics=metrics,
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("user", ["root", None])
def test_systemd_takes_the_units(tmp_path: Path, user: str | None) -> None:
    units = units_of(_place(user=user, metrics=f"{tmp_path}/a b%.prom"))
    assert set(units) == {SERVICE, STATUS_SERVICE, STATUS_TIMER}
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    for name in units:
        words = ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        about_ours = [line for line in done.stderr.splitlines() if "preserve-" in line]
        assert about_ours == []


def test_a_word_of_systemd_is_quoted_by_its_rules() -> None:
    unit = units_of(_place())[SERVICE]
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert line == (
        "ExecStart=/bin/true -m preserve schedule run --archives "
        '"/srv/an archive/100%% $$HOME \\"x\\" \'y\' \\\\z;" --config /srv/config'
    )
    assert 'Environment="XDG_CONFIG_HOME=/srv/an archive/100%% $HOME' in unit


def test_a_unit_of_the_system_may_write_where_the_program_does_and_nowhere_else() -> None:
    unit = units_of(_place(user="keeper", folder="/srv/archives"))[SERVICE]
    assert "User=keeper\n" in unit
    assert unit.count("ReadWritePaths=-/srv/archives\n") == 1
    assert "PrivateTmp=yes" in unit
    assert "PrivateTmp" not in units_of(_place(user="keeper", folder="/tmp/archives"))[SERVICE]
    assert "ProtectSystem" not in units_of(_place())[SERVICE]


def test_the_shell_of_cron_reads_the_words_as_they_are() -> None:
    (line,) = [line for line in cron_block(_place()).splitlines() if line.startswith("*/10")]
    # Cron takes the backslash before a per cent sign away, then hands the line to the shell.
    command = line.removeprefix("*/10 * * * * ").replace("\\%", "%")
    assert shlex.split(command)[1:] == [
        "/bin/true", "-m", "preserve", "schedule", "once", "--archives", _ODD, "--config", "/srv/config",
    ]  # fmt: skip
    assert "%" not in line.replace("\\%", "")


@pytest.mark.parametrize("current", ["", "0 1 * * * backup\n", "MAILTO=me\n0 1 * * * backup"])
def test_a_crontab_keeps_every_other_line_and_gets_the_block_once(current: str) -> None:
    block = cron_block(_place())
    once = crontab_with(current, block)
    assert all(line in once.splitlines() for line in current.splitlines())
    assert once.endswith(block)
    assert crontab_with(once, block) == once
    newer = cron_block(_place(folder="/srv/other"))
    assert crontab_with(once + "after\n", newer) == once.replace(block, newer) + "after\n"


def test_a_block_without_its_last_line_is_not_guessed_at() -> None:
    block = cron_block(_place())
    broken = block.replace("# preserve schedule: end\n", "")
    with pytest.raises(UsageError, match="has lost the line"):
        crontab_with(broken + "0 1 * * * backup\n", block)
    with pytest.raises(UsageError, match="has lost the line"):
        crontab_with(broken + "0 1 * * * backup\n" + block, block)


def test_secrets_from_variables_are_told_and_not_written(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _ready(shell, site)
    path = shell.config / "collections" / "demo.yaml"
    path.write_text(path.read_text() + "secret_headers:\n  Authorization: env:SITE_SECRET\n")
    (shell.config / "alarms.yaml").write_text(
        "channels:\n  desk:\n    webhook: http://127.0.0.1:9/\n    secret: env:HOOK_SECRET\n"
    )
    monkeypatch.setenv("PRESERVE_KEY_PASSPHRASE", "open sesame")
    monkeypatch.setenv("PRESERVE_KEY_PASSPHRASE_FILE", str(tmp_path / "phrase"))
    told = shell("schedule", "install", "--systemd")
    assert "sesame" not in told + shell.errors
    for name in ("SITE_SECRET", "HOOK_SECRET", "PRESERVE_KEY_PASSPHRASE"):
        assert f"{name} is a variable" in shell.errors
    assert f"Environment=PRESERVE_KEY_PASSPHRASE_FILE={tmp_path}/phrase" in told


def test_one_way_to_run_it_is_asked_for(shell: Shell, site: Site) -> None:
    _ready(shell, site)
    shell("schedule", "install", status=2)
    shell("schedule", "install", "--cron", "--systemd", status=2)
    assert "both --systemd and --cron" in shell.errors


def test_what_a_unit_writes_to_is_there_before_it_starts(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd shuts off what is missing at the start of a unit; a disk for the archives is mounted before it."""
    _ready(shell, site)
    for name in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / "xdg" / name))
    told = shell("schedule", "install", "--systemd", "--system")
    folders = [line.removeprefix("ReadWritePaths=-") for line in told.splitlines() if "ReadWritePaths" in line]
    assert f"RequiresMountsFor={shell.archives}\n" in told
    assert not (tmp_path / "xdg").exists()
    shell("schedule", "install", "--systemd", "--yes")
    assert [folder for folder in folders if not Path(folder).is_dir()] == []


def test_a_word_with_a_line_end_is_refused(shell: Shell, site: Site) -> None:
    _ready(shell, site)
    for kind in ("--systemd", "--cron"):
        shell("schedule", "install", kind, "--prometheus", "/srv/a\n* * * * * evil", status=2)


def _command(folder: Path, text: str) -> None:
    path = folder / "crontab"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _ready(shell: Shell, site: Site) -> None:
    site.page("/a", b"x")
    shell.site_collection("demo", site, "/a", layouts="[]")
    shell("init", "demo")


def test_nothing_is_written_without_yes(shell: Shell, site: Site, tmp_path: Path) -> None:
    _ready(shell, site)
    told = shell("schedule", "install", "--systemd")
    assert "ExecStart=" in told
    assert "Nothing was written" in told
    assert not list(tmp_path.rglob("preserve-schedule.service"))


def test_units_are_written_with_yes(shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _ready(shell, site)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    answer = shell.json("schedule", "install", "--systemd", "--yes", "--prometheus", str(tmp_path / "a.prom"))
    for name, text in answer["units"].items():
        assert (tmp_path / "xdg" / "systemd" / "user" / name).read_text() == text


def test_a_crontab_is_written_and_a_failure_changes_nothing(
    shell: Shell, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ready(shell, site)
    held = tmp_path / "held"
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    _command(programs, f'if [ "$1" = -l ]; then cat {held} 2>/dev/null || {{ echo "no crontab for me" >&2; exit 1; }};'
                       f" else cat > {held}; fi")  # fmt: skip
    shell("schedule", "install", "--cron", "--yes")
    first = held.read_text()
    assert "schedule once --archives" in first
    others = b"# caf\xe9\r\n0 1 * * * backup\n"
    held.write_bytes(others + first.encode())
    shell("schedule", "install", "--cron", "--yes")
    assert held.read_bytes() == others + first.encode()
    _command(programs, 'echo "cannot read your crontab: disk error" >&2; exit 1')
    shell("schedule", "install", "--cron", "--yes", status=7)
    assert "disk error" in shell.errors
    assert held.read_bytes() == others + first.encode()


def test_paths_are_written_in_full(shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _ready(shell, site)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    told = shell("schedule", "install", "--systemd", "--system", "--archives", "../archives")
    assert f"ReadWritePaths=-{tmp_path}/archives\n" in told
    assert f"XDG_STATE_HOME={tmp_path}/here/state\n" in told
    assert ".." not in told
    assert "somebody-else" not in told


def test_what_to_set_up_must_be_said(shell: Shell) -> None:
    shell("schedule", "install", status=2)
    shell("schedule", "install", "--cron", "--system", status=2)


def test_a_bucket_is_no_folder_and_its_credentials_are_not_written(
    shell: Shell, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.site_collection("demo", site, "/")
    path = shell.config / "collections" / "demo.yaml"
    steps = "    - replicate: /srv/copy\n    - replicate: file:///srv/mounted\n    - replicate: s3://bucket/copies\n"
    path.write_text(path.read_text() + f"schedule:\n  every: 1d\n  steps:\n{steps}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    shown = shell("schedule", "install", "--systemd", "--system")
    assert "ReadWritePaths=-/srv/copy\n" in shown
    assert "ReadWritePaths=-/srv/mounted\n" in shown
    assert "s3:" not in shown
    assert "AWS_SECRET_ACCESS_KEY is a variable of this shell, and is not written" in shell.errors
    assert "geheim" not in shown + shell.errors
