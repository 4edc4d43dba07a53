"""What a user chooses for an import: functions, the part of the recording, the form of the result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """`format_name`: the format of all files; None detects it for each.

    `functions`: the beginnings of the names of functions, one service each; `top`: the busiest functions instead;
    `everything`: all functions together as one service. Without any of them the busiest function is taken.
    `skip_s`, `length_s`: the part of the recording, in its own time; None: to its end. `bin_s`: count requests in bins
    of this width; None keeps the time of each request where the file has it.
    `exact_paths`: keep paths and queries as they are. `zone_name`: the zone of times whose zone the files do not name;
    None: UTC.
    """

    format_name: str | None = None
    functions: tuple[str, ...] = ()
    top: int | None = None
    everything: bool = False
    skip_s: float = 0.0
    length_s: float | None = None
    bin_s: float | None = None
    exact_paths: bool = False
    zone_name: str | None = None
