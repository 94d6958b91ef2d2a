"""A shell of a test: commands against archives and a configuration of their own."""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from preserve.cli.main import main
from preserve.cli.shared.common import keys_folder
from preserve.provenance.installation import Installation
from preserve.provenance.keys import mark_path
from tests.site import Site


@dataclass
class Shell:
    """Runs commands against archives and a configuration of their own."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def archives(self) -> Path:
        return self.folder / "archives"

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def collection(self, name: str, text: str) -> None:
        path = self.config / "collections" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def site_collection(
        self,
        name: str,
        site: Site,
        *paths: str,
        layouts: str = "[mrkva, wikileaks-cable]",
        retries: int = 0,
        recheck: str = "held",
    ) -> None:
        seeds = "\n".join(f"  - {site.url(path)}" for path in paths)
        self.collection(
            name,
            f"title: A site for a test\ncontact: test@example.org\nseeds:\n{seeds}\n"
            f"scope:\n  include:\n    - {site.url('/')}\n  max_depth: 2\n"
            f"politeness:\n  delay_s: 0\n  retries: {retries}\nlayouts: {layouts}\nallow_addresses:\n  - 127.0.0.1\n"
            f"recheck: {recheck}\n",
        )

    def __call__(self, *words: str, status: int | None = 0) -> str:
        """What a command writes to stdout; its exit status must be ``status``, and no traceback may be shown."""
        self.capsys.readouterr()
        archives = [] if "--archives" in words else ["--archives", str(self.archives)]
        got = main([*words, *archives, "--config", str(self.config)])
        out, self.errors = self.capsys.readouterr()
        self.status = int(got)
        assert "Traceback" not in self.errors
        assert status is None or got == status, f"{words}: {got}\n{out}\n{self.errors}"
        return out

    def begin_anew(self, name: str) -> None:
        """Another archive with the same key, of which nothing is known any more: what one does who rewrites history."""
        self.forget_log(name)
        self("init", name)

    def forget_log(self, name: str) -> None:
        """Takes away what is known of a log outside the archive."""
        mark_path(name, keys_folder(os.environ)).unlink(missing_ok=True)
        shutil.rmtree(keys_folder(os.environ) / "known-logs", ignore_errors=True)
        Installation(keys_folder(os.environ), name).head_file.unlink(missing_ok=True)

    def json(self, *words: str, status: int | None = 0) -> dict[str, Any]:
        """What a command answers with ``--json``, but for its schema, which names the command."""
        answer: dict[str, Any] = json.loads(self(*words, "--json", status=status))
        schema = str(answer.pop("schema"))
        assert schema == "preserve/error/1" or re.fullmatch(rf"preserve/{words[0]}(-[a-z-]+)?/1", schema)
        return answer

    errors: str = ""
    status: int = 0
    """Of the last command."""
