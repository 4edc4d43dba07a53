"""The settings of a service that a scenario has too: its scaling limits and the size of its instances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """Settings; None: a file does not have it. `cpu` and `memory` are texts of a scenario, such as `1 vCPU`, `2 GB`."""

    name: str | None = None
    max_concurrency: int | None = None
    min_size: int | None = None
    max_size: int | None = None
    cpu: str | None = None
    memory: str | None = None

    @property
    def given(self) -> dict[str, str | int]:
        """The settings that are known, by their keys in a scenario; without the name."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "name"}
        return {name: value for name, value in values.items() if value is not None}


def merged(settings: Iterable[ServiceSettings]) -> ServiceSettings:
    """Return the settings of several files; a later file replaces what an earlier one has."""
    found: dict[str, str | int] = {}
    for each in settings:
        found |= each.given
        if each.name is not None:
            found["name"] = each.name
    return ServiceSettings(**found)  # type: ignore[arg-type] # the fields of the settings themselves


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
