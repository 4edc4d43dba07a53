"""Small files in the formats of the datasets, as their publishers describe them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simulator.ingest.imported import Imported, import_files
from simulator.ingest.settings import ImportSettings


class Invocation(NamedTuple):
    """A row of the Azure Functions trace of 2021; times in seconds."""

    app: str
    function: str
    end_s: float
    duration_s: float


def azure_2021(path: Path, rows: Sequence[Invocation]) -> Path:
    lines = [f"{row.app},{row.function},{row.end_s},{row.duration_s}" for row in rows]
    path.write_text("\n".join(["app,func,end_timestamp,duration", *lines]) + "\n")
    return path


def azure_2019(path: Path, counts: dict[tuple[str, str], dict[int, int]]) -> Path:
    """Write counts by (app, function) and minute, the first minute being 1."""
    lines = [",".join(["HashOwner", "HashApp", "HashFunction", "Trigger", *map(str, range(1, 1441))])]
    for (app, function), of_minute in counts.items():
        minutes = [str(of_minute.get(minute, 0)) for minute in range(1, 1441)]
        lines.append(",".join(["owner", app, function, "http", *minutes]))
    path.write_text("\n".join(lines) + "\n")
    return path


def imported(*paths: Path, **settings: object) -> Imported:
    return import_files(paths, ImportSettings(**settings))  # type: ignore[arg-type] # keywords of the settings
