"""The process that plays, without the process: what it writes for each call."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.mcp import worker
from simulator.mcp.messages import WORKER_MESSAGE, CallFailed, CallProgress, CallResult, ToolCall, WorkerMessage
from simulator.mcp.tools.registry import TOOLS
from simulator.mcp.tools.tool import AgentTool, ToolArguments, ToolContext, ToolOutput
from simulator.mcp.worker import Player
from tests.mcp.contexts import OVERLOADED, settings_of


class Numbers(ToolOutput):
    """A result."""

    values: list[float | None]


def answers(root: Path, tool: str, **arguments: Any) -> list[WorkerMessage]:
    out = io.BytesIO()
    Player(settings_of(root), out).play(ToolCall(tool=tool, arguments=arguments))
    return [WORKER_MESSAGE.validate_json(line) for line in out.getvalue().splitlines()]


@pytest.fixture
def offer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[ToolContext], Numbers]], None]:
    """Offer a tool of the test's own, named `own`."""

    def with_tool(play: Callable[[ToolContext], Numbers]) -> None:
        tool = AgentTool("own", "", "", ToolArguments, Numbers, lambda _, context: play(context))
        monkeypatch.setattr(worker, "TOOLS", {"own": tool})

    return with_tool


def test_the_last_message_is_the_result(tmp_path: Path) -> None:
    *_, last = answers(tmp_path, "run", scenario=OVERLOADED)
    assert isinstance(last, CallResult)
    assert TOOLS["run"].result.model_validate(last.value).requests == 3600


def test_an_error_of_the_scenario_is_a_failure_with_its_places(tmp_path: Path) -> None:
    (last,) = answers(tmp_path, "run", scenario=OVERLOADED.replace("max_size", "max_sise"))
    assert isinstance(last, CallFailed)
    assert last.text.startswith("scenario:8:5: services.web.max_sise = 1, must be a known key")


def test_numbers_have_six_digits_and_what_is_no_number_is_null(tmp_path: Path, offer: Any) -> None:
    offer(lambda _: Numbers(values=[1 / 3, 1e9 + 0.5, float("nan"), float("inf"), None]))
    assert answers(tmp_path, "own") == [CallResult(value={"values": [0.333333, 1e9, None, None, None]})]


def test_a_large_result_is_a_failure(tmp_path: Path, offer: Any) -> None:
    offer(lambda _: Numbers(values=[0.123456] * 20_000))
    (last,) = answers(tmp_path, "own")
    assert isinstance(last, CallFailed)
    assert "must be at most" in last.text


def test_progress_is_written_but_not_at_every_step(tmp_path: Path, offer: Any) -> None:
    def play(context: ToolContext) -> Numbers:
        for step in range(1000):
            context.tell(step, 1000, "playing")
        return Numbers(values=[])

    offer(play)
    messages = answers(tmp_path, "own")
    assert messages[0] == CallProgress(done=0, total=1000, text="playing")
    assert len(messages) < 500


@pytest.mark.parametrize(
    ("error", "message"),
    [(MemoryError(), "memory = more than 4,096 MB, must be at most"), (KeyError("x"), "own failed by an error of the")],
)
def test_other_errors_are_failures_as_well(
    tmp_path: Path, offer: Any, capsys: pytest.CaptureFixture[str], error: Exception, message: str
) -> None:
    def play(_: ToolContext) -> Numbers:
        raise error

    offer(play)
    (last,) = answers(tmp_path, "own")
    assert isinstance(last, CallFailed)
    assert last.text.startswith(message)
    assert ("Traceback" in capsys.readouterr().err) == isinstance(error, KeyError)
