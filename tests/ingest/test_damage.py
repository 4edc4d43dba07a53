"""Damaged files of every format: read, or reported with their place; never a failure of the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.ingest.formats.table import FORMAT_NAMES
from simulator.ingest.imported import Imported, import_files
from simulator.ingest.input_file import InputFile
from simulator.ingest.load.plan import plan_text
from simulator.ingest.load.scripts import imported_load
from simulator.ingest.scenario_text import recordings, scenario_text
from simulator.ingest.service.settings_files import is_settings, settings_of
from simulator.ingest.settings import ImportSettings
from simulator.ingest.summary import summary
from simulator.scenario.problems import ScenarioError
from tests.ingest.samples import LOADS, SAMPLES, SETTINGS

Damage = Callable[[bytes], bytes]
# Formats with a request in each line, which is read or counted as skipped.
IN_LINES = (
    "alb",
    "envoy",
    "haproxy",
    "common-log",
    "simulator-json",
    "envoy-json",
    "nginx-json",
    "caddy-json",
    "vegeta-json",
)


def _flip(place: int, value: int) -> Damage:
    return lambda content: content[: place % len(content)] + bytes([value]) + content[place % len(content) + 1 :]


def _cut(place: int, length: int) -> Damage:
    return lambda content: content[: place % len(content)] + content[place % len(content) + length :]


def _insert(place: int, text: bytes) -> Damage:
    return lambda content: content[: place % len(content)] + text + content[place % len(content) :]


def _truncate(place: int) -> Damage:
    return lambda content: content[: 1 + place % len(content)]


def _replace(number: int, text: bytes) -> Damage:
    """Replace a run of digits."""

    def damage(content: bytes) -> bytes:
        places = [at for at in range(len(content)) if content[at : at + 1].isdigit()]
        if not places:
            return content
        at = places[number % len(places)]
        return content[:at] + text + content[at + 1 :]

    return damage


PLACES = st.integers(0, 100_000)
TEXTS = st.sampled_from(
    [
        b"\n",
        b"\n\n",
        b"\r",
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b"<",
        b",",
        b"\0",
        b"\xff\xfe",
        b"-",
        b"null",
        b"1e999",
    ]
) | st.binary(min_size=1, max_size=6)
NUMBERS = st.sampled_from([b"-1", b"-", b"nan", b"inf", b"1e400", b"9" * 30, b"", b"null", b'"x"', b"{}", b"0.5"])
DAMAGES = st.lists(
    st.builds(_flip, PLACES, st.integers(0, 255))
    | st.builds(_cut, PLACES, st.integers(1, 60))
    | st.builds(_insert, PLACES, TEXTS)
    | st.builds(_truncate, PLACES)
    | st.builds(_replace, PLACES, NUMBERS),
    min_size=1,
    max_size=3,
)


def damaged(content: bytes, damages: list[Damage]) -> bytes:
    for damage in damages:
        content = damage(content) or b" "
    return content


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Limit a recording to some hours: a damaged date is reported without an array for years."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("blocks", "collector", "imported"):
            patch.setattr(f"simulator.ingest.{module}.BINS_MAX", 20_000)
        yield tmp_path_factory.mktemp("damage")


def read(file: Path, **given_settings: object) -> Imported | None:
    """Return what is imported, with all its texts written; None if the file is reported."""
    try:
        result = import_files([file], ImportSettings(**given_settings))  # type: ignore[arg-type] # fields of the settings
    except (ScenarioError, ValueError) as error:
        assert str(error)  # noqa: PT017 any report is accepted
        return None
    assert scenario_text(result, "out", [file.name])
    assert summary(result)
    for text in recordings(result, "out"):
        assert "".join(text.blocks)
    return result


def test_every_format_has_a_sample_and_is_recognised(folder: Path) -> None:
    assert set(SAMPLES) == set(FORMAT_NAMES)
    for name, content in SAMPLES.items():
        if name == "azure-functions-2019-durations":  # has no requests of its own
            continue
        file = folder / name
        file.write_bytes(content)
        result = import_files([file], ImportSettings())
        assert [form.name for form in result.formats] == [name]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(name=st.sampled_from(sorted(SAMPLES)), damages=DAMAGES)
def test_a_damaged_recording_is_read_or_reported(folder: Path, name: str, damages: list[Damage]) -> None:
    file = folder / "recording"
    file.write_bytes(damaged(SAMPLES[name], damages))

    read(file)
    read(file, format_name=name)


@settings(deadline=None)
@given(name=st.sampled_from(IN_LINES), damages=DAMAGES)
def test_each_line_of_a_damaged_log_is_a_request_or_counted(folder: Path, name: str, damages: list[Damage]) -> None:
    content = damaged(SAMPLES[name], damages)
    file = folder / "log"
    file.write_bytes(content)

    result = read(file, format_name=name)

    if result is not None and [each.name for each in result.formats] == [name]:
        lines = sum(bool(line.strip()) for line in content.split(b"\n"))
        assert sum(service.requests for service in result.services) + result.skipped_lines == lines


@settings(deadline=None)
@given(name=st.sampled_from(sorted(LOADS)), damages=DAMAGES)
def test_a_damaged_load_script_is_read_or_reported(folder: Path, name: str, damages: list[Damage]) -> None:
    file = folder / "script"
    file.write_bytes(damaged(LOADS[name], damages))
    try:
        load = imported_load([file])
    except (ScenarioError, ValueError) as error:
        assert str(error)  # noqa: PT017 any report is accepted
    else:
        assert load is None or plan_text(load.plan, "out", "script", load.settings.given)


@settings(deadline=None)
@given(name=st.sampled_from(sorted(SETTINGS)), damages=DAMAGES)
def test_damaged_settings_are_read_or_reported(folder: Path, name: str, damages: list[Damage]) -> None:
    file = folder / "settings"
    file.write_bytes(damaged(SETTINGS[name], damages))
    try:
        found = settings_of(InputFile(file)) if is_settings(InputFile(file)) else None
    except ScenarioError as error:
        assert str(error)  # noqa: PT017 any report is accepted
    else:
        assert found is None or found.given or found.source_folder is not None
