"""The settings of a service that a scenario has too: its scaling limits and the size of its instances."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Settings; None: a file does not have it. `cpu` and `memory` are texts of a scenario, such as `1 vCPU`, `2 GB`.

    `source_folder`: the folder of an apprunner.yaml. `notes`: sentences for the summary.
    """

    name: str | None = None
    max_concurrency: int | None = None
    min_size: int | None = None
    max_size: int | None = None
    cpu: str | None = None
    memory: str | None = None
    source_folder: Path | None = None
    notes: tuple[str, ...] = ()

    @property
    def given(self) -> dict[str, str | int]:
        """The settings that are known, by their keys in a scenario."""
        values = {name: getattr(self, name) for name in _KEYS}
        return {name: value for name, value in values.items() if value is not None}

    def source_code(self, out: Path) -> str:
        """Return the section of the real application for a scenario file at `out`; empty without source code."""
        if self.source_folder is None:
            return ""
        folder = os.path.relpath(self.source_folder.resolve(), out.resolve().parent)
        return f"source_code: {{folder: {json.dumps(folder)}}}"


_KEYS: Final = ("max_concurrency", "min_size", "max_size", "cpu", "memory")


def merged(settings: Iterable[ServiceSettings]) -> ServiceSettings:
    """Return the settings of several files; a later file replaces what an earlier one has."""
    found = ServiceSettings()
    for each in settings:
        given = {name: getattr(each, name) for name in ("name", "source_folder", *_KEYS)}
        given = {name: value for name, value in given.items() if value is not None}
        found = replace(found, **given, notes=(*found.notes, *each.notes))
    return found


def cpu_text(value: object) -> str | None:
    """Return the CPU of App Runner's API, `1024` or `1 vCPU`, for a scenario; None for another text."""
    text = str(value).strip().removesuffix("vCPU").strip()
    try:
        units = float(text)
    except ValueError:
        return None
    return f"{units / 1024 if units >= 64 else units:g} vCPU" if units > 0 else None


def memory_text(value: object) -> str | None:
    """Return the memory of App Runner's API, `2048` or `2 GB`, for a scenario; None for another text."""
    text = str(value).strip().removesuffix("GB").strip()
    try:
        size = float(text)
    except ValueError:
        return None
    return f"{size / 1024 if size >= 64 else size:g} GB" if size > 0 else None
