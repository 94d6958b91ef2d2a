"""The operations guide, command by command, in its order, on a site of loopback."""

import re
from pathlib import Path

import pytest
import yaml

from tests.guides import shows, typed
from tests.scenarios.test_damage import PAGE
from tests.site import Site

_GUIDE = Path(__file__).parents[2] / "docs" / "operations.md"
_PART = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("forked_program")
def test_the_operations_guide_does_what_it_says(site: Site, tmp_path: Path) -> None:
    site.page("/", PAGE.encode())
    collection = tmp_path / "config" / "collections" / "harbour.yaml"
    collection.parent.mkdir(parents=True)
    logger = tmp_path / "logger"
    logger.write_text("#!/bin/sh\ncat >/dev/null\n")
    logger.chmod(0o755)
    count = 0
    for kind, text in _PART.findall(_GUIDE.read_text("utf-8")):
        if kind == "yaml":
            path = collection
            if "channels" in yaml.safe_load(text):
                # Whether this machine has syslog is no matter of the guide.
                path = tmp_path / "config" / "alarms.yaml"
                text = text.replace("/usr/bin/logger", str(logger))  # noqa: PLW2901 - the same text
            with path.open("a") as file:
                file.write(text.replace("127.0.0.1:8080", f"127.0.0.1:{site.port}"))
            continue
        command, shown = "", list[str]()
        for line in [*text.splitlines(), "$ end"]:
            if not line.startswith("$ "):
                shown.append(line)
                continue
            if command:
                status, printed = typed(command, tmp_path)
                # 1 is an answer (something is wrong, as the guide says); a command that does not exist is 2.
                assert status in {0, 1}, command
                assert shows(printed, shown), f"{command}\n" + "\n".join(printed)
                count += 1
            command, shown = line[2:], []
    assert count > 30
    assert not (tmp_path / "restored").exists()
    assert len(list((tmp_path / "keys-copy").glob("*"))) >= 2
