"""Finds the load script among the files of an import."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.artillery import artillery_plan, is_artillery
from simulator.ingest.load.k6 import is_k6, k6_plan
from simulator.ingest.load.plan import LoadPlan
from simulator.ingest.service.service_settings import ServiceSettings, merged
from simulator.ingest.service.settings_files import is_settings, settings_of


class ImportedLoad(NamedTuple):
    """A load script that was read: its file, its plan, and the settings of the service from other files."""

    file: str
    plan: LoadPlan
    settings: ServiceSettings


def imported_load(paths: Sequence[Path]) -> ImportedLoad | None:
    """Return the load of the script among the files; None if none of them is a load script.

    Raises:
        ScenarioError: if a file cannot be read.
        ValueError: for a load script beside recordings or another script.
    """
    files = [InputFile(path) for path in paths]
    scripts = [file for file in files if is_k6(file) or is_artillery(file)]
    if not scripts:
        return None
    others = [file for file in files if file not in scripts and not is_settings(file)]
    if len(scripts) > 1 or others:
        second = (scripts[1:] or others)[0].path
        raise ValueError(f"{second} stands beside the load script {scripts[0].path}; import them one by one")
    (script,) = scripts
    with script.read_as("a load script"):
        plan = k6_plan(script) if is_k6(script) else artillery_plan(script)
    settings = merged(settings_of(file) for file in files if file is not script)
    return ImportedLoad(script.path.name, plan, settings)
