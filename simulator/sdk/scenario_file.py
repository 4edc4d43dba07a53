"""Writes a changed scenario to a file, for a comparison or a sweep in other processes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Final

import yaml

from simulator.scenario.document import Document

# keys, by section, whose values are paths relative to the scenario file
_PATHS: Final = (("bins", "file"), ("trace", "file"))


def write_scenario(document: Document, folder: Path, file: Path, name: str, seed: int) -> Path:
    """Write the scenario to `file` and return the path. Data files stay in `folder`."""
    data: dict[str, Any] = copy.deepcopy(document.data)
    data.setdefault("name", name)
    data["seed"] = seed
    for source in data.get("traffic") or []:
        for section, key in _PATHS:
            if section in source:
                source[section][key] = str((folder / source[section][key]).resolve())
        if "data" in source:
            source["data"] = str((folder / source["data"]).resolve())
    for service in data["services"].values():
        if "model" in service["application"]:
            service["application"]["model"] = str((folder / service["application"]["model"]).resolve())
        process = service["application"].get("process")
        if process is not None:
            process["working_directory"] = str((folder / process.get("working_directory", ".")).resolve())
    file.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return file
