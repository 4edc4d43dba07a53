"""The setting that a service has today, from the files of its users: a scenario file, answers of the AWS CLI
(`describe-service`, `describe-auto-scaling-configuration`), Terraform.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from simulator.ingest.input_file import InputFile
from simulator.ingest.service.service_settings import ServiceSettings
from simulator.ingest.service.settings_files import is_settings, settings_of
from simulator.model.text.problems import one_of
from simulator.scenario.document import parse_document, read_document_text
from simulator.scenario.scenario import ScenarioSpec, load_scenario
from simulator.scenario.sections.policy_spec import DEFAULT_POLICY

_ENDINGS: Final = frozenset({".yaml", ".yml"})
# The settings that are read of a scenario file; the limits and the size have the values of the checked scenario, so
# those that the file leaves out are the defaults.
_LIMITS: Final = ("max_concurrency", "min_size", "max_size")


def current_changes(scenario: ScenarioSpec, files: Sequence[Path]) -> dict[str, Any]:
    """Return the changes to the scenario that give its services the settings in `files`, a later file first.

    Raises:
        ScenarioError: if a file cannot be read, or has no setting.
        ValueError: if it is not clear which service a file is about.
    """
    found: dict[str, Any] = {}
    for path in files:
        is_scenario = path.suffix in _ENDINGS and not is_settings(InputFile(path))
        found.update(_of_scenario(scenario, path) if is_scenario else _of_settings(scenario, path))
    return found


def _of_scenario(scenario: ScenarioSpec, path: Path) -> Iterator[tuple[str, Any]]:
    given: dict[str, Any] = parse_document(read_document_text(path), str(path)).data
    for name, service in load_scenario(path).services.items():
        if name not in scenario.services:
            msg = f"{path}: services.{name}, must be {one_of(name, scenario.services)}, as in {scenario.file}"
            raise ValueError(msg)
        own: dict[str, Any] = given["services"][name]
        yield from ((f"services.{name}.{key}", getattr(service, key)) for key in _LIMITS)
        yield f"services.{name}.cpu", service.cpu_units
        yield f"services.{name}.memory", service.memory_mb
        if "platform" in own:
            yield f"services.{name}.platform", own["platform"]
        if "policy" in own or "platform" not in own:
            yield f"services.{name}.policy", own.get("policy", DEFAULT_POLICY)


def _of_settings(scenario: ScenarioSpec, path: Path) -> Iterator[tuple[str, Any]]:
    settings = settings_of(InputFile(path))
    name = _service(scenario, path, settings)
    yield from ((f"services.{name}.{key}", value) for key, value in settings.given.items())


def _service(scenario: ScenarioSpec, path: Path, settings: ServiceSettings) -> str:
    """Return the service that the settings are of: the one of their name, or the only one of the scenario."""
    if settings.name in scenario.services:
        assert settings.name is not None, "it is the name of a service"
        return settings.name
    if len(scenario.services) > 1:
        found = settings.name or "no name"
        msg = f"{path}: service = {found}, must be {one_of(found, scenario.services)}, a service of {scenario.file}"
        raise ValueError(msg)
    return next(iter(scenario.services))
