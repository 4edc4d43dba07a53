"""What calls may read: files below the root and shipped scenarios, and no Python unless it is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.mcp.failure import ToolFailure
from simulator.mcp.workspace import Workspace
from simulator.scenario.problems import ScenarioError
from tests.mcp.contexts import OVERLOADED, settings_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.yaml").write_text(OVERLOADED)
    (tmp_path / "outside.yaml").write_text(OVERLOADED)
    return folder


def test_a_scenario_is_a_shipped_name_a_file_or_a_text(root: Path) -> None:
    workspace = Workspace(settings_of(root))
    with workspace.confined():
        assert workspace.scenario("first-look", {}).name == "first-look"
        assert workspace.scenario("a.yaml", {}).checked.services["web"].max_concurrency == 2
        assert workspace.scenario(OVERLOADED, {"max_concurrency": 9}).checked.services["web"].max_concurrency == 9


@pytest.mark.parametrize("name", ["../outside.yaml", "/etc/hosts", "link.yaml", "a\0.yaml"])
def test_a_file_outside_the_root_is_rejected(root: Path, name: str) -> None:
    (root / "link.yaml").symlink_to(root.parent / "outside.yaml")
    with pytest.raises(ToolFailure, match=r"scenario = .*, must be a path below"):
        Workspace(settings_of(root)).scenario(name, {})


def test_an_unknown_scenario_is_named_with_the_nearest(root: Path) -> None:
    workspace = Workspace(settings_of(root))
    with pytest.raises(ToolFailure, match=r"scenario = 'flash-sail', must be .*; did you mean `flash-sale`\?"):
        workspace.scenario("flash-sail", {})
    with pytest.raises(ToolFailure, match=r"did you mean `a.yaml`\?"):
        workspace.scenario("b.yaml", {})


def test_a_text_names_no_file_outside_the_root(root: Path) -> None:
    workspace = Workspace(settings_of(root))
    text = OVERLOADED.replace("clock: {rate: 60/s}", "bins: {file: ../outside.yaml, bin: 1s}")
    with workspace.confined(), pytest.raises(ScenarioError, match=r"outside\.yaml, must be below"):
        workspace.scenario(text, {})
    with workspace.confined(), pytest.raises(ScenarioError, match="must be below"):
        workspace.scenario("a.yaml", {"traffic": [{"name": "v", "trace": {"file": "/etc/hosts"}}]})


def test_a_policy_in_a_python_file_is_a_file_below_the_root_and_only_if_the_server_allows_it(root: Path) -> None:
    reading = Workspace(settings_of(root))
    reading.require_policies(["knative", "configured", ""], "policies")
    with pytest.raises(ToolFailure, match=r"policies = 'mine.py:Mine', must be a shipped policy: .*--allow-python"):
        reading.require_policies(["knative", "mine.py:Mine"], "policies")
    executing = Workspace(settings_of(root, allows_python=True))
    executing.require_policies(["mine.py:Mine"], "policies")
    with pytest.raises(ToolFailure, match=r"policy = '../theirs.py', must be a path below"):
        executing.require_policies(["../theirs.py:Mine"], "policy")


def test_a_scenario_file_executes_no_python_file(root: Path) -> None:
    """`policy: FILE.py:CLASS` is an option of commands, not a value of a scenario file."""
    executed = root / "executed"
    (root / "mine.py").write_text(f"open({str(executed)!r}, 'w').close()\nclass Mine: decide = len\n")
    text = OVERLOADED.replace("    max_size: 1\n", "    max_size: 1\n    policy: mine.py:Mine\n")
    workspace = Workspace(settings_of(root))
    for given, changes in ((text, {}), ("a.yaml", {"policy": {"name": "mine.py:Mine"}})):
        with pytest.raises(ScenarioError, match="must be one of app-runner"):
            workspace.scenario(given, changes)
    assert not executed.exists()


def test_hidden_folders_are_not_listed(root: Path) -> None:
    for name in (".git", "node_modules", "sub"):
        (root / name).mkdir()
        (root / name / "b.yaml").write_text("x: 1\n")
    assert Workspace(settings_of(root)).files((".yaml",)) == ["a.yaml", "sub/b.yaml"]
