"""The server, asked by the SDK's own client in the same process; calls are played in a worker process."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client, MCPError

from simulator.mcp import server
from simulator.mcp.server import tool_server
from simulator.mcp.tool_worker import ToolWorker
from simulator.mcp.tools.registry import TOOLS
from tests.mcp.contexts import OVERLOADED, settings_of

GUARD_S = 60
# A run that takes many seconds in the compiled backend too: six hours of 2,000 requests a second.
LONG = OVERLOADED.replace("duration: 60s", "duration: 6h").replace("60/s", "2000/s").replace("clock", "poisson")


def text_of(result: Any) -> str:
    return str(result.content[0].text)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def ended(process: int) -> None:
    with anyio.fail_after(GUARD_S):
        while is_running(process):  # noqa: ASYNC110 there is no event to wait for
            await anyio.sleep(0.01)


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[ToolWorker]:
    """Collect the workers that servers create."""
    made: list[ToolWorker] = []

    def make(settings: Any) -> ToolWorker:
        made.append(ToolWorker(settings))
        return made[-1]

    monkeypatch.setattr(server, "ToolWorker", make)
    return made


async def test_the_tools_have_schemas_and_say_whether_they_write(tmp_path: Path) -> None:
    async with Client(tool_server(settings_of(tmp_path))) as client:
        reading = {tool.name: tool for tool in (await client.list_tools()).tools}
    async with Client(tool_server(settings_of(tmp_path, allows_writes=True))) as client:
        writing = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(writing) - set(reading) == {"write_scenario"}
    assert list(writing) == list(TOOLS)
    for name, tool in writing.items():
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (name != "write_scenario")
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        assert tool.output_schema is not None
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        for argument, schema in tool.input_schema["properties"].items():
            assert "description" in schema or argument in {"from_line", "max_concurrency"}, f"{name}.{argument}"


async def test_a_result_is_data_and_text_and_progress_increases(tmp_path: Path) -> None:
    told: list[tuple[float, float | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total))

    async with Client(tool_server(settings_of(tmp_path))) as client:
        result = await client.call_tool("verdict", {"scenario": OVERLOADED}, progress_callback=on_progress)
        assert not result.is_error, text_of(result)
        assert result.structured_content["services"][0]["causes"][0]["kind"] == "MaxSize"
        outcome = TOOLS["verdict"].result.model_validate_json(text_of(result))
        assert outcome.model_dump(mode="json") == result.structured_content
    assert told, "the changes that are played are reported"
    assert sorted(set(told)) == told
    assert all(total is None or done <= total for done, total in told)


async def test_errors_of_a_call_are_results_and_those_of_the_protocol_are_errors(tmp_path: Path) -> None:
    async with Client(tool_server(settings_of(tmp_path))) as client:
        wrong = await client.call_tool("run", {"scenario": "first-look", "sed": 1})
        assert wrong.is_error
        assert text_of(wrong) == "sed = 1, must be one of scenario, changes, seed, policy; did you mean `seed`?"
        with pytest.raises(MCPError, match=r"tool = 'runs', must be one of .*; did you mean `run`\?"):
            await client.call_tool("runs", {})
        with pytest.raises(MCPError, match="write_scenario"):
            await client.call_tool("write_scenario", {"file": "a.yaml", "text": OVERLOADED})
        with pytest.raises(MCPError, match="did you mean `simulator://glossary`"):
            await client.read_resource("simulator://glosary")
        with pytest.raises(MCPError, match="did you mean `size_service`"):
            await client.get_prompt("size_servic", {})


async def test_resources_and_prompts_are_listed_and_read(tmp_path: Path) -> None:
    async with Client(tool_server(settings_of(tmp_path))) as client:
        listed = {str(resource.uri) for resource in (await client.list_resources()).resources}
        assert {"simulator://skill", "simulator://glossary", "simulator://scenarios/first-look"} <= listed
        (content,) = (await client.read_resource("simulator://skill")).contents
        assert "list_scenarios" in content.model_dump()["text"]
        (prompt,) = (await client.get_prompt("explain_losses", {"scenario": "flash-sale"})).messages
        assert "flash-sale" in prompt.model_dump()["content"]["text"]
        assert (await client.list_prompts()).prompts[0].name == "size_service"


async def test_a_call_that_takes_too_long_ends_with_its_process(tmp_path: Path, workers: list[ToolWorker]) -> None:
    async with Client(tool_server(settings_of(tmp_path, time_limit_s=2.0))) as client:
        told: list[int] = []

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            told.append(process_of(workers[0]))

        result = await client.call_tool("run", {"scenario": LONG}, progress_callback=on_progress)
        assert result.is_error
        assert text_of(result).startswith("time of run = more than 2 s, must be at most 2 s")
        for process in set(told):
            await ended(process)


async def test_a_cancelled_call_ends_its_process_and_the_next_call_has_another(
    tmp_path: Path, workers: list[ToolWorker]
) -> None:
    async with Client(tool_server(settings_of(tmp_path))) as client:
        begun = anyio.Event()

        async def on_progress(progress: float, total: float | None, message: str | None) -> None:
            begun.set()

        async with anyio.create_task_group() as group:
            group.start_soon(lambda: client.call_tool("run", {"scenario": LONG}, progress_callback=on_progress))
            with anyio.fail_after(GUARD_S):
                await begun.wait()
            first = process_of(workers[0])
            group.cancel_scope.cancel()
        await ended(first)
        assert not (await client.call_tool("check_scenario", {"scenario": OVERLOADED})).is_error
        second = process_of(workers[0])
        assert second != first
        os.kill(second, signal.SIGKILL)  # it dies between two calls
        died = await client.call_tool("check_scenario", {"scenario": OVERLOADED})
        assert "ended by signal 9" in text_of(died)
        assert not (await client.call_tool("check_scenario", {"scenario": OVERLOADED})).is_error
        third = process_of(workers[0])
    await ended(third)


def process_of(worker: ToolWorker) -> int:
    assert worker._process is not None
    return worker._process.pid
