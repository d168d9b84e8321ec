"""The build hook: a wheel holds the operator's console, built here unless a fresh build is there already."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the console before the files of a wheel are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, or reuse; an editable install is served from the checkout, where `make setup` builds."""
        if version == "editable" or self.target_name != "wheel":
            return
        sys.path.insert(0, str(ROOT / "scripts"))
        import console

        try:
            console.build()
        except (console.NoNode, console.Failed) as problem:
            # A wheel without the page would look whole and be half: better none.
            raise RuntimeError(f"the console cannot be built: {problem}") from None
