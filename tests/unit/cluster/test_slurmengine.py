"""What SLURM says of a job before any is submitted, by a stand-in for its command."""

from pathlib import Path

import pytest

from preserve.cli.main import main
from preserve.cluster.slurmengine import check_script, own_folder
from preserve.errors import EnvironmentFaultError


def _stands_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    path = folder / "sbatch"
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_job_is_looked_at_and_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tmp_path / "asked"
    _stands_in(tmp_path, monkeypatch, f'read -r line; echo "$* $line" >"{asked}"')
    check_script("#!/bin/sh\ntrue\n")
    assert asked.read_text("utf-8") == "--test-only #!/bin/sh\n"


def test_what_slurm_says_of_a_job_that_it_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stands_in(tmp_path, monkeypatch, "echo first >&2; echo 'no such partition' >&2; exit 1")
    with pytest.raises(EnvironmentFaultError, match="SLURM refuses the job: no such partition"):
        check_script("")
    _stands_in(tmp_path, monkeypatch, "exit 1")
    with pytest.raises(EnvironmentFaultError, match="it does not say why"):
        check_script("")


def test_without_slurm_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["index", str(path), "--on", "slurm:2"]) == 7
    assert "there is no SLURM here" in capsys.readouterr().err
    for odd in ("slurm", "slurm:0", "slurm:x", "slurm:99999"):
        assert main(["index", str(path), "--on", odd]) == 2


def test_what_a_run_left_that_was_killed_goes_with_the_next(tmp_path: Path) -> None:
    killed, other = tmp_path / "slurm-killed", tmp_path / "slurm-other"
    for folder in (killed, other):
        folder.mkdir()
        (folder / "key").write_text("secret")
    (killed / ".lock").touch()
    with own_folder(tmp_path) as first:
        (first / "key").write_text("secret")
        with own_folder(tmp_path) as second:
            # What another process has stays, and so does what nobody can say of.
            assert {path.name for path in tmp_path.iterdir()} == {first.name, second.name, "slurm-other"}
    assert list(tmp_path.iterdir()) == [other]
