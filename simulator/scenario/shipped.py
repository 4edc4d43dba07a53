"""The scenarios that are shipped with the simulator, by name."""

from __future__ import annotations

from pathlib import Path

import yaml

import simulator

_PACKAGE = Path(simulator.__file__).parent
# The folder is inside the package in a wheel, and beside the package in a clone.
_FOLDERS = (_PACKAGE / "shipped", _PACKAGE.parent / "scenarios")


def shipped_scenarios() -> dict[str, Path]:
    """Return the files of the shipped scenarios by name."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))} if folder else {}


def description_of(path: Path) -> str:
    """Return the `description` of a scenario file. The rest of the file is not validated."""
    depth, key = 0, None
    with path.open(encoding="utf-8") as text:
        for event in yaml.parse(text, yaml.SafeLoader):
            if depth == 1 and isinstance(event, yaml.NodeEvent):
                value = event.value if isinstance(event, yaml.ScalarEvent) else ""
                if key == "description":
                    return str(value)
                key = value if key is None else None
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
    return ""
