"""The tools about scenario files."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.mcp.failure import ToolFailure
from simulator.mcp.tools import scenarios
from simulator.mcp.tools.scenarios import CHECK, LIST, READ, WRITE
from simulator.scenario.problems import ScenarioError
from simulator.scenario.shipped import shipped_scenarios
from tests.mcp.contexts import OVERLOADED, called, context_of


def test_the_users_scenarios_come_first_and_other_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(OVERLOADED)
    (tmp_path / "other.yaml").write_text("services: {}\n")
    (tmp_path / "broken.yaml").write_text("services: [\nduration: 1s\n")
    (tmp_path / "shop.model.json").write_text("{}")
    listed = called(LIST, context_of(tmp_path))
    assert listed.scenarios[0].scenario == "a.yaml"
    assert listed.scenarios[0].description == "More load than one instance carries."
    assert [each.scenario for each in listed.scenarios[1:]] == list(shipped_scenarios())
    assert listed.models == ["shop.model.json"]
    assert {"app-runner", "knative"} <= listed.policies.keys()
    assert "lambda" in listed.platforms


def test_a_list_can_be_restricted_and_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = called(LIST, context_of(tmp_path), contains="FLASH")
    assert [each.scenario for each in found.scenarios] == ["flash-sale"]
    monkeypatch.setattr(scenarios, "LISTED_MAX", 3)
    bounded = called(LIST, context_of(tmp_path))
    assert len(bounded.scenarios) == 3
    assert bounded.left_out == len(shipped_scenarios()) - 3


def test_a_long_file_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(OVERLOADED)
    context = context_of(tmp_path)
    whole = called(READ, context, scenario="a.yaml")
    assert (whole.text, whole.next_line) == (OVERLOADED, None)
    monkeypatch.setattr(scenarios, "TEXT_MAX", 100)
    parts: list[str] = []
    line: int | None = 1
    while line is not None:
        part = called(READ, context, scenario="a.yaml", from_line=line)
        assert len(part.text) <= 100
        parts.append(part.text)
        line = part.next_line
    assert len(parts) > 2
    assert "".join(parts) == OVERLOADED


def test_a_valid_scenario_is_summarised(tmp_path: Path) -> None:
    checked = called(CHECK, context_of(tmp_path), scenario=OVERLOADED, changes={"cpu": "0.5 vCPU", "memory": "1 GB"})
    assert checked.valid
    assert (checked.duration_s, checked.seed, checked.traffic) == (60, 7, ["visitors"])
    (service,) = checked.services
    assert (service.service, service.policy, service.vcpu, service.memory_gb) == ("web", "app-runner", 0.5, 1)


def test_every_problem_of_a_scenario_has_its_place(tmp_path: Path) -> None:
    text = OVERLOADED.replace("max_size", "max_sise").replace("60/s", "sixty")
    checked = called(CHECK, context_of(tmp_path), scenario=text)
    assert not checked.valid
    assert [(each.line, each.place, each.nearest) for each in checked.problems] == [
        (8, "services.web.max_sise", "max_size"),
        (11, "traffic[0].clock.rate", ""),
    ]
    assert checked.problems[1].value == "sixty"


def test_a_written_scenario_is_valid_and_below_the_root(tmp_path: Path) -> None:
    context = context_of(tmp_path / "root", allows_writes=True)
    context.workspace.root.mkdir()
    done = called(WRITE, context, file="sub/a.yaml", text=OVERLOADED)
    assert (tmp_path / "root/sub/a.yaml").read_text() == OVERLOADED
    assert done.bytes == len(OVERLOADED)
    assert [path.name for path in (tmp_path / "root/sub").iterdir()] == ["a.yaml"], "no temporary file is left"
    with pytest.raises(ToolFailure, match="must be a new file"):
        called(WRITE, context, file="sub/a.yaml", text=OVERLOADED)
    called(WRITE, context, file="sub/a.yaml", text=OVERLOADED.replace("60/s", "70/s"), overwrite=True)
    assert "70/s" in (tmp_path / "root/sub/a.yaml").read_text()


@pytest.mark.parametrize(
    ("file", "message"),
    [("../a.yaml", "must be a path below"), ("a.py", r"must end with \.yaml or \.yml"), ("sub", "must end with")],
)
def test_nothing_else_is_written(tmp_path: Path, file: str, message: str) -> None:
    (tmp_path / "root/sub").mkdir(parents=True)
    with pytest.raises(ToolFailure, match=message):
        called(WRITE, context_of(tmp_path / "root"), file=file, text=OVERLOADED, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_an_invalid_scenario_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="max_sise"):
        called(WRITE, context_of(tmp_path), file="a.yaml", text=OVERLOADED.replace("max_size", "max_sise"))
    assert list(tmp_path.iterdir()) == []
