"""Tests of the file of an observation: written and read with the same numbers, and read strictly."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.calibration.observation.observation import LoadStage, ServiceObservation, StartTimes
from simulator.calibration.observation.observation_file import read_observation, sha256_of, write_observation
from simulator.model.text.problems import FileProblems
from simulator.model.text.versions import OtherVersion
from tests.calibration.observation.observations import observation, requests, unloaded

TABLES = {"requests", "samples", "unloaded"}


def assert_same(first: Any, second: Any) -> None:
    """Compare two values of an observation; unknown numbers are equal."""
    for each in fields(first):
        one, other = getattr(first, each.name), getattr(second, each.name)
        if each.name in TABLES and one is not None:
            assert one.equals(other), each.name
        elif each.name in {"loads", "starts"}:
            assert len(one) == len(other)
            for mine, its in zip(one, other, strict=True):
                assert_same(mine, its)
        elif hasattr(one, "__dataclass_fields__"):
            assert_same(one, other)
        elif isinstance(one, float) and np.isnan(one):
            assert np.isnan(other), each.name
        else:
            assert one == other, each.name


def changed(path: Path, member: str, change: Callable[[str], str]) -> Path:
    """Write a copy of the file with another text of one member."""
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, change(text) if name == member else text)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "shop.observation.zip"
    write_observation(observation(), written)
    return written


def test_an_observation_is_read_as_it_was_written(path: Path) -> None:
    assert_same(read_observation(path), observation())


def test_an_observation_without_anything_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "empty.observation.zip"
    made = observation(routes=(), loads=(), starts=(), wakes=(), notes=(), size=None, max_concurrency=None, seed=None)
    write_observation(made, path)
    assert_same(read_observation(path), made)


def test_unloaded_requests_are_a_table_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "shop.observation.zip"
    write_observation(observation(unloaded=unloaded()), path)
    read = read_observation(path).unloaded
    assert read is not None
    assert read.equals(unloaded())
    with zipfile.ZipFile(path) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("unloaded.csv").decode())))
    assert rows[0] == {"route": "0", "latency_s": "0.1", "cpu_s": repr(1 / 3), "throttled_s": "0", "status": "200"}
    assert rows[3]["cpu_s"] == ""


def test_a_file_without_unloaded_requests_has_no_table_of_them(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        assert "unloaded.csv" not in archive.namelist()
    assert read_observation(path).unloaded is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1,0.1", "2,0.1", "x.observation.zip: unloaded.csv:3:1: route = 2, must be one of 0, 1"),
        ("0,0.1", "0,", "unloaded.csv:2:3: latency_s = nothing, must be a number of seconds, at least 0"),
        ("cpu_s", "cpus", "unloaded.csv:1:17: header = cpus, must be the header route,latency_s,cpu_s,"),
    ],
)  # fmt: skip
def test_a_wrong_value_of_an_unloaded_request_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "x.observation.zip"
    write_observation(observation(unloaded=unloaded()), path)
    changed(path, "unloaded.csv", lambda text: _replaced(text, old, new))
    with pytest.raises(FileProblems) as caught:
        read_observation(path)
    assert message in str(caught.value)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_every_number_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    path = tmp_path_factory.mktemp("observed") / "x.observation.zip"
    table = requests(len(values), latency_s=values, sent_s=np.sort(values))
    write_observation(observation(loads=(LoadStage(1, 1.0, 1e7, 0.0, table),)), path)
    assert read_observation(path).loads[0].requests.equals(table)


def test_other_programs_read_the_file(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("observation.json"))
        rows = list(csv.DictReader(io.StringIO(archive.read("requests.csv").decode())))
        starts = list(csv.DictReader(io.StringIO(archive.read("starts.csv").decode())))
    assert document["version"] == 1
    assert document["notes"] == ["Café: the machine was busy."]
    assert [row["stage"] for row in rows] == ["1", "1", "1", "1", "3", "3"]
    assert rows[2]["service_s"] == repr(1 / 3)
    assert rows[1]["service_s"] == ""
    assert starts[1] == {
        "total_s": "2",
        "pull_s": "",
        "launch_s": "",
        "listening_s": "",
        "first_check_s": "",
        "cpu_s": "",
    }


def test_an_observation_always_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    write_observation(read_observation(path), tmp_path / "again.observation.zip")
    assert sha256_of(path) == sha256_of(tmp_path / "again.observation.zip")


def test_the_file_is_replaced_only_when_complete(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    monkeypatch.setattr(zipfile.ZipFile, "writestr", _full_disk)
    with pytest.raises(OSError, match="no space"):
        write_observation(observation(), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def _full_disk(*_: object) -> None:
    raise OSError("no space")


@pytest.mark.parametrize(
    ("member", "old", "new", "message"),
    [
        (
            "requests.csv", "0.5,0.1,0.05,", "0.5,x,0.05,",
            "shop.observation.zip: requests.csv:2:7: latency_s = x, must be a number of seconds, at least 0",
        ),
        ("requests.csv", "0.5,0.1,0.05,", "0.5,,0.05,", "requests.csv:2:7: latency_s = nothing, must be"),
        ("requests.csv", ",200,", ",2000,", "requests.csv:2:16: status = 2000, must be a status of HTTP, 0"),
        ("requests.csv", "\n3,0.5", "\n2,0.5", "requests.csv:6:1: stage = 2, must be one of 1, 3"),
        ("requests.csv", ",200,1,", ",200,5,", "requests.csv:3:1: route = 5, must be one of 0, 1"),
        (
            "requests.csv", "latency_s", "latency",
            "response_bytes; did you mean `latency_s`?",
        ),
        ("samples.csv", "1,1,0.25,", "1,1,0.25,0,", "samples.csv:2:1: file = 7 fields, must be 6 fields: stage"),
        ("wakes.csv", "0.125", "-0.125", "wakes.csv:2:1: wake_s = -0.125, must be a number of seconds, at least 0"),
        ("starts.csv", "\n1.5", "\n", "starts.csv:2:1: total_s = nothing, must be a number of seconds"),
        (
            "observation.json", '"stepped"', '"steped"',
            "observation.json:4:2: kind = steped, must be one of stepped, access-log, metrics; did you mean `stepped`?",
        ),
        ("observation.json", '"target":', '"targt":', "targt = image shop:1, must be a known key"),
        ("observation.json", '"weight": 3.0', '"weight": "3"', "routes[0].weight = 3, must be a number"),
        ("observation.json", '"weight": 3.0', '"weight": -3.0', "weight = -3, must be a finite number, at least 0"),
        ("observation.json", '"duration_s": 4.0', '"duration_s": 0.0', "duration_s = 0, must be a number of seconds"),
        ("observation.json", '"seed": 7', '"seed": 7.5', "seed = 7.5, must be"),
        ("observation.json", '"cpu_units": 1024', '"cpu_units": 0', "cpu_units = 0, must be positive"),
        ("observation.json", '"kind"', "[", "observation.json:4"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_with_its_place(path: Path, member: str, old: str, new: str, message: str) -> None:
    changed(path, member, lambda text: _replaced(text, old, new))
    with pytest.raises(FileProblems) as caught:
        read_observation(path)
    assert message in str(caught.value)


def _replaced(text: str, old: str, new: str) -> str:
    assert old in text, text
    return text.replace(old, new, 1)


def test_a_file_of_another_version_says_what_can_read_it(path: Path) -> None:
    changed(path, "observation.json", lambda text: _replaced(text, '"version": 1', '"version": 2'))
    with pytest.raises(OtherVersion, match=r"shop.observation.zip: observation.json: version = 2, must be 1") as caught:
        read_observation(path)
    assert caught.value.hint.startswith("update the simulator")


def test_a_file_that_is_no_archive_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "shop.observation.zip"
    path.write_text("not a zip", encoding="utf-8")
    with pytest.raises(FileProblems, match=r"shop.observation.zip:1:1: file = not readable .*, must be a zip archive"):
        read_observation(path)


def test_a_damaged_archive_is_an_error(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[120:140] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(FileProblems, match="must be a zip archive"):
        read_observation(path)


def test_members_that_are_missing_or_unknown_are_errors(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.observation.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("observation.json", "{}")
    with pytest.raises(FileProblems, match=r"an archive without requests.csv, must be an observation"):
        read_observation(other)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("request.csv", "")
    with pytest.raises(FileProblems, match=r"a member request.csv, must be .*did you mean `requests.csv`"):
        read_observation(path)


def test_an_archive_that_would_fill_the_memory_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.calibration.observation.observation_file.BYTES_MAX", 100)
    with pytest.raises(FileProblems, match="bytes of content, must be at most 100 bytes"):
        read_observation(path)


def test_starts_have_the_columns_of_the_value(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        header = archive.read("starts.csv").decode().splitlines()[0]
    assert header.split(",") == [each.name for each in fields(StartTimes)]


def test_the_value_has_the_file_format_version() -> None:
    assert [each.default for each in fields(ServiceObservation) if each.name == "version"] == [1]
