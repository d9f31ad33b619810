"""What building the package does before its files are collected: the layout library is fetched, the support tables are added."""

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PackageFiles(BuildHookInterface):
    """Files of the package that do not stand in its folder, or not yet."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch the layout library, so that building from a source archive needs no npm; put the tables inside a wheel.

        An editable install needs neither: it reads the tables beside the package, and the checkout's own library.
        """
        if version == "editable":
            return
        runpy.run_path(str(Path(self.root) / "tools" / "layout_library.py"))["provide"](Path(self.root))
        if self.target_name == "wheel":
            build_data["force_include"]["rules"] = "graphfix/rules"
