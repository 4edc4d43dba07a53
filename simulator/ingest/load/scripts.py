"""Finds the load script among the files of an import."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.artillery import artillery_plan, is_artillery
from simulator.ingest.load.jmeter.plan import is_jmeter, jmeter_plan
from simulator.ingest.load.k6 import is_k6, k6_plan
from simulator.ingest.load.locust.plan import (
    LocustOptions,
    is_locust,
    is_locust_options,
    locust_options,
    locust_plan,
)
from simulator.ingest.load.plan import LoadPlan
from simulator.ingest.service.service_settings import ServiceSettings, merged
from simulator.ingest.service.settings_files import is_settings, settings_of


class _Script(NamedTuple):
    """A kind of load script: how it is recognised by its first bytes, and how its load is read."""

    recognises: Callable[[InputFile], bool]
    read_plan: Callable[[InputFile, LocustOptions], LoadPlan]


_SCRIPTS: Final = (
    _Script(is_jmeter, lambda file, _: jmeter_plan(file)),
    _Script(is_k6, lambda file, _: k6_plan(file)),
    _Script(is_locust, locust_plan),
    _Script(is_artillery, lambda file, _: artillery_plan(file)),
)


# The longest time that a scenario accepts.
LENGTH_MAX_S: Final = 10_000 * 86_400.0
NO_OPTIONS: Final = LocustOptions()


class ImportedLoad(NamedTuple):
    """A load script that was read: its file, its plan, and the settings of the service from other files."""

    file: str
    plan: LoadPlan
    settings: ServiceSettings


def imported_load(paths: Sequence[Path], options: LocustOptions = NO_OPTIONS) -> ImportedLoad | None:
    """Return the load of the script among the files; None if none of them is a load script.

    `options`: of the command line, for a locustfile; before those of a locust.conf among the files.

    Raises:
        ScenarioError: if a file cannot be read.
        ValueError: for a load script beside recordings or another script.
    """
    files = [InputFile(path) for path in paths]
    kinds = {file: found for file in files if (found := _kind(file)) is not None}
    if options.are_given and not any(kind.read_plan is locust_plan for kind in kinds.values()):
        raise ValueError("--users, --spawn-rate and --run-time are options of a locustfile; none is among the files")
    if not kinds:
        return None
    settings = [file for file in files if file not in kinds and is_settings(file)]
    configured = [file for file in files if file not in kinds and file not in settings and is_locust_options(file)]
    others = [file for file in files if file not in kinds and file not in settings and file not in configured]
    if len(kinds) > 1 or others:
        (first, *second) = [*kinds, *others]
        raise ValueError(f"{second[0].path} stands beside the load script {first.path}; import them one by one")
    ((script, kind),) = kinds.items()
    for file in configured:
        options = options.over(locust_options(file))
    with script.read_as("a load script"):
        plan = kind.read_plan(script, options)
    if plan.length_s > LENGTH_MAX_S:
        raise script.problem(1, "load", f"{plan.length_s / 86_400:.3g} days", f"at most {LENGTH_MAX_S / 86_400:g} days")
    return ImportedLoad(script.path.name, plan, merged(map(settings_of, settings)))


def _kind(file: InputFile) -> _Script | None:
    return next((each for each in _SCRIPTS if each.recognises(file)), None)
