"""Model files: written and read again; errors name the line and the place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.calibration.model.model_file import model_json, parse_model, read_model, write_model
from simulator.scenario.problems import ScenarioError
from tests.calibration.model.models import a_model


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_model(a_model(), tmp_path / "shop.model.json")
    assert read_model(tmp_path / "shop.model.json") == a_model()


def test_the_file_is_replaced_only_when_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "shop.model.json"
    write_model(a_model(), path)
    before = path.read_bytes()
    monkeypatch.setattr(Path, "write_text", _full_disk)
    with pytest.raises(OSError, match="no space"):
        write_model(a_model(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def _full_disk(path: Path, text: str, **_: object) -> None:
    path.write_bytes(text[:100].encode())
    raise OSError("no space")


def _changed(change: Callable[[Any], object]) -> str:
    data = json.loads(model_json(a_model()))
    change(data)
    return json.dumps(data, indent=1)


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (lambda data: data.update(version=2), ["shop:2:2: version = 2, must be 1: the only version so far"]),
        (lambda data: data.pop("observed"), ["observed = nothing, must be given"]),
        (
            lambda data: data["parameters"][1].update(value="high"),
            ["parameters[1].value = high, must be a number"],
        ),
        (lambda data: data["parameters"][1].update(lowest=1), ["must be a known key", "did you mean `low`?"]),
        (lambda data: data["parameters"][2].update(how="fit"), ["parameters[2].how = fit", "did you mean `fitted`?"]),
        (
            lambda data: data["application"]["simulated"].update(worker=4),
            ["application.simulated.worker = 4", "did you mean `workers`?"],
        ),
        (
            lambda data: data["members"][0]["application"]["simulated"].update(cpu=15),
            ["members[0].application.simulated.cpu = 15, must be a duration"],
        ),
        (
            lambda data: data["members"][0].update(application={"process": {"command": "true"}}),
            ["members[0].application.simulated = nothing, must be given: a model is a simulated application"],
        ),
        (lambda data: data.update(routes=[]), ["routes = a list, must be at least 1 long"]),
    ],
)
def test_errors_name_the_place_and_what_is_expected(change: Callable[[Any], object], messages: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_model(_changed(change), "shop")
    for message in messages:
        assert message in str(caught.value)


def test_an_error_has_the_line_of_the_value() -> None:
    text = _changed(lambda data: data["parameters"][1].update(value="high"))
    line = 1 + text[: text.index('"value": "high"')].count("\n")
    with pytest.raises(ScenarioError, match=rf"^shop:{line}:4: parameters\[1\]"):
        parse_model(text, "shop")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "shop:1:2: file = not JSON: Expecting property name enclosed in double quotes, must be a model file"),
        ("[]", "file = a list, must be a model file"),
        ("{}", "file = keys none, must be a model file"),
        ('{"services": {}}', "file = keys services, must be a model file"),
        ('{"version": NaN}', "file = the number NaN, must be a model file"),
    ],
)
def test_another_file_is_no_model(text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_model(text, "shop")
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"absent\.json:1:1: file = No such file or directory"):
        read_model(tmp_path / "absent.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        read_model(tmp_path / "bytes.json")
