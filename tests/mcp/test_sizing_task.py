"""A whole sizing task, by the SDK's own client and the server as an agent starts it: a process on pipes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

import simulator
from simulator.calibration.model.model_file import write_model
from tests.calibration.model.models import a_model

# Twice the traffic for a minute. An instance with ten slots of 100 ms serves 100/s, and starts take 20 s.
SHOP = """\
description: A shop whose traffic doubles for a minute.
duration: 3 min
warm_up: 10s
seed: 11
services:
  shop:
    max_concurrency: 10
    min_size: 1
    max_size: 5
    application:
      simulated: {io: 100ms, start_up: 20s}
traffic:
  - name: visitors
    steps: {levels: [{for: 1 min, rate: 60/s}, {for: 1 min, rate: 120/s}, {for: 1 min, rate: 60/s}]}
"""
# 1.3 times the traffic
MORE = {"traffic.visitors.steps.levels": [{"for": "1 min", "rate": f"{rate}/s"} for rate in (78, 156, 78)]}
SLO = "p95 < 300 ms, error_rate < 0.5 %"


class Agent:
    """A client that calls tools as an agent does: by name, with JSON, and reads structured results."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.progress: list[tuple[float, float | None]] = []

    async def __call__(self, tool: str, **arguments: Any) -> Any:
        result = await self._client.call_tool(tool, arguments, progress_callback=self._told)
        text = result.content[0].model_dump()["text"]
        assert not result.is_error, f"{tool}: {text}"
        assert json.loads(text) == result.structured_content
        return result.structured_content

    async def error(self, tool: str, **arguments: Any) -> str:
        result = await self._client.call_tool(tool, arguments)
        assert result.is_error
        return str(result.content[0].model_dump()["text"])

    async def _told(self, progress: float, total: float | None, message: str | None) -> None:
        self.progress.append((progress, total))
        assert message


@pytest.mark.slow
async def test_an_agent_sizes_a_service(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP)
    write_model(a_model(), tmp_path / "shop.model.json")
    command = ["-m", "simulator", "mcp", str(tmp_path), "--allow-writes", "--workers", "2"]
    code = str(Path(simulator.__file__).parent.parent)
    parameters = StdioServerParameters(command=sys.executable, args=command, env={"PYTHONPATH": code})
    async with Client(parameters) as client:
        agent = Agent(client)
        (skill,) = (await client.read_resource("simulator://skill")).contents
        assert "The order of a sizing" in skill.model_dump()["text"]
        await look(agent)
        today = await explain_today(agent)
        choice = await choose(agent)
        await try_the_choice(agent, choice, today["requests"])
        await compare_platforms(agent, choice)
        await write_the_choice(agent, choice)


async def look(agent: Agent) -> None:
    """See what there is."""
    listed = await agent("list_scenarios")
    assert listed["scenarios"][0]["scenario"] == "shop.yaml"
    assert listed["models"] == ["shop.model.json"]
    read = await agent("read_scenario", scenario="shop.yaml")
    assert read["text"] == SHOP
    checked = await agent("check_scenario", scenario="shop.yaml")
    assert checked["services"][0]["max_concurrency"] == 10


async def explain_today(agent: Agent) -> Any:
    """See what happens today, and why."""
    today = await agent("run", scenario="shop.yaml")
    assert today["error_rate"] > 0.005
    verdict = await agent("verdict", scenario="shop.yaml")
    (service,) = verdict["services"]
    assert service["lost"] == today["rejected"] + today["failed"]
    assert "start lag" in {cause["kind"] for cause in service["causes"]}
    assert service["changes"][0]["is_enough"]
    why = await agent("why", scenario="shop.yaml", at="1m30s")
    assert "shop" in why["sentences"][0]
    return today


async def choose(agent: Agent) -> Any:
    """Make a mistake, correct it, and get a setting with its guarantee."""
    error = await agent.error("tune", scenario="shop.yaml", slo=SLO, vary=["max_concurency=10,20"])
    assert "did you mean `max_concurrency`?" in error
    vary = ["max_concurrency=10,20", "min_size=1..3"]
    tuned = await agent("tune", scenario="shop.yaml", slo=SLO, vary=vary, runs=60)
    assert tuned["choice"] is not None, tuned["answer"]
    assert not tuned["today"]["holds"]
    assert "aws apprunner" in tuned["apply"]
    assert any(total is not None for _, total in agent.progress)
    return tuned["choice"]


async def try_the_choice(agent: Agent, choice: Any, requests: int) -> None:
    """Play the choice with other seeds and with more traffic, and ask what one calibrated instance carries."""
    for seed in (101, 102):
        again = await agent("run", scenario="shop.yaml", changes=choice["changes"], seed=seed)
        assert again["error_rate"] < 0.005
        assert again["p95_s"] < 0.3
    more = await agent("run", scenario="shop.yaml", changes=choice["changes"] | MORE)
    assert more["requests"] > 1.25 * requests
    predicted = await agent("predict", model="shop.model.json", rates=[5], slo="p95 < 10 s", duration="10s")
    assert predicted["rates"][0]["figures"]["p95_s"]["low"] > 0


async def compare_platforms(agent: Agent, choice: Any) -> None:
    """See the choice beside other platforms."""
    compared = await agent(
        "compare",
        scenario="shop.yaml",
        changes=choice["changes"],
        policies=["configured"],
        platforms=["ecs-express", "lambda"],
        seeds=3,
    )
    candidates = {each["candidate"] for each in compared["cases"][0]["candidates"]}
    assert {"configured", "ecs-express", "lambda"} <= candidates


async def write_the_choice(agent: Agent, choice: Any) -> None:
    """Write the scenario with the choice: it behaves as the changes promised."""
    text = SHOP
    for key, value in choice["changes"].items():
        text = re.sub(rf"^( *{key}: ).*$", rf"\g<1>{value}", text, flags=re.MULTILINE)
    await agent("write_scenario", file="tuned.yaml", text=text)
    written = await agent("run", scenario="tuned.yaml")
    same = await agent("run", scenario="shop.yaml", changes=choice["changes"])
    assert written["p95_s"] == same["p95_s"]
    assert written["month_usd"] == same["month_usd"]
