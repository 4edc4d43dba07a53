"""Chooses the functions of a dataset: by the beginnings of their names, the busiest, or all together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, assert_never

import numpy as np

from simulator.ingest.blocks import Block, Counts, Integers, Percentiles, Reading, Requests
from simulator.ingest.settings import ImportSettings
from simulator.model.text.problems import did_you_mean

# Functions that a message names: the busiest.
SHOWN: Final = 8
_ALL: Final = "web"
# App Runner's names of services have 4 to 40 characters; hashes of functions have 64.
_NAME_CHARACTERS: Final = 8


@dataclass(slots=True)
class Totals:
    """What a first reading of the files finds: requests of each function, and the earliest and the latest time."""

    requests: dict[int, float] = field(default_factory=dict)
    first_s: float = np.inf
    last_s: float = -np.inf

    def add(self, block: Block) -> None:
        """Add the requests of a block."""
        match block:
            case Requests():
                if len(block.start_s):
                    numbers = np.zeros(len(block.start_s), np.int64) if block.function is None else block.function
                    for number, count in enumerate(np.bincount(numbers)):
                        if count:
                            self._add(number, float(count))
                    self._reach(float(block.start_s.min()), float(block.start_s.max()))
            case Counts():
                used = np.flatnonzero(block.counts)
                self._add(block.function, float(block.counts.sum()))
                if len(used):
                    self._reach(*(block.start_s + at * block.width_s for at in (used[0], used[-1])))
            case Percentiles():
                pass
            case _:
                assert_never(block)

    def ranking(self, reading: Reading) -> tuple[tuple[str, float], ...]:
        """Return the functions with their requests, the busiest first."""
        names = reading.functions.names
        ranked = sorted(self.requests.items(), key=lambda item: (-item[1], item[0]))
        return tuple((names[number], count) for number, count in ranked if number < len(names))

    def _add(self, number: int, count: float) -> None:
        self.requests[number] = self.requests.get(number, 0.0) + count

    def _reach(self, low: float, high: float) -> None:
        self.first_s, self.last_s = min(self.first_s, low), max(self.last_s, high)


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen functions. `services`: name of the service and name of the function, in the order of the result.

    `places`: the service of each function, -1 for a function that is not chosen; None: one service has all requests.
    """

    services: tuple[tuple[str, str], ...]
    places: Integers | None = None

    def service_of(self, function: int) -> int:
        """Return the index of the service that has a function's requests; -1 for none."""
        return 0 if self.places is None else int(self.places[function])


EVERYTHING: Final = Choice(((_ALL, ""),))


def chosen(reading: Reading, totals: Totals, settings: ImportSettings) -> Choice:
    """Return the functions that the settings choose.

    Raises:
        ValueError: for a name that no function or several functions begin with.
    """
    if settings.everything:
        return EVERYTHING
    ranking = totals.ranking(reading)
    if settings.functions:
        names = [_named(beginning, ranking) for beginning in settings.functions]
    else:
        names = [name for name, _ in ranking[: settings.top or 1]]
    numbers = {name: number for number, name in enumerate(reading.functions.names)}
    places = np.full(len(numbers), -1, dtype=np.int64)
    for at, name in enumerate(names):
        places[numbers[name]] = at
    return Choice(tuple(zip(_service_names(names), names, strict=True)), places)


def _named(beginning: str, ranking: tuple[tuple[str, float], ...]) -> str:
    found = [name for name, _ in ranking if name.startswith(beginning)]
    exact = [name for name in found if name == beginning]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise ValueError(
            f"--function = {beginning!r}, must be the beginning of one name; {len(found)} begin so: {_some(found)}"
        )
    names = [name for name, _ in ranking]
    busiest = f"the busiest are {_some(names)}{did_you_mean(beginning, names)}"
    raise ValueError(f"--function = {beginning!r}, must be the beginning of a function's name; {busiest}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _service_names(functions: list[str]) -> list[str]:
    """Return a short unique name for the service of each function, as services of a scenario are named."""
    names: list[str] = []
    for function in functions:
        last = function.rpartition("/")[2]
        letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in last.lower())
        name = f"function-{letters[:_NAME_CHARACTERS].strip('-') or len(names) + 1}"
        names.append(f"{name}-{len(names) + 1}" if name in names else name)
    return names
