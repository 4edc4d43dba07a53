"""Reads an apprunner.yaml among the files of an import: its folder is the source code of the real application.

The commands, the port and the variables stay in the file: a run in real time builds and starts the application by it,
as App Runner does.
"""

from __future__ import annotations

import re
from typing import Final

from simulator.builds.config.reading import read_config
from simulator.ingest.input_file import InputFile
from simulator.ingest.service.service_settings import ServiceSettings

_KEYS: Final = tuple(re.compile(rf"^{key}\s*:".encode(), re.MULTILINE) for key in ("version", "runtime", "run"))


def is_source_configuration(file: InputFile) -> bool:
    """Return True for an apprunner.yaml."""
    return all(key.search(file.head) is not None for key in _KEYS)


def source_configuration(file: InputFile) -> ServiceSettings:
    """Return the folder of the file as the source code of the application.

    Raises:
        ScenarioError: with the problems of the file, each with its line.
    """
    config = read_config(b"".join(file.parts()).decode(errors="replace"), str(file.path))
    run = config.run
    variables = ", ".join(each.name for each in run.env)
    secrets = ", ".join(each.name for each in run.secrets)
    parts = (
        f"runtime {config.runtime}",
        f"port {run.network.port}",
        f"command `{run.command}`",
        *([f"variables {variables}"] if variables else []),
        *([f"secrets {secrets}"] if secrets else []),
    )
    note = f"source code of the application in real time: {', '.join(parts)}; their values stay in {file.path.name}"
    return ServiceSettings(source_folder=file.path.parent, notes=(note,))
