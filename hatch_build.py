"""Puts the manual pages into the wheel, where `make dist` wrote them: share/man of the environment."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PAGES = Path("build/man")


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg] # the library names no parameter
    """Adds files that are made, and not kept."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before a wheel is built; an editable one has no pages."""
        pages = Path(self.root) / _PAGES
        if version == "standard" and pages.is_dir():
            build_data["shared_data"] = {str(path): f"share/man/man1/{path.name}" for path in sorted(pages.glob("*.1"))}
