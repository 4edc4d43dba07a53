"""Commands and files for platforms of other vendors, read by a shell and a parser of TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from simulator.lab.apply.apply import apply_instructions
from simulator.lab.apply.instructions import ApplyInstructions, ApplyTool
from tests.lab.apply.services import called, scenario, text_of

LIMITS = {"min_size": 2, "max_size": 9}


def _found(**settings: Any) -> ApplyInstructions:
    (found,) = apply_instructions(scenario(), scenario(**settings))
    return found


def _pairs(words: list[str]) -> dict[str, str]:
    return {word: words[number + 1] for number, word in enumerate(words) if word.startswith("--")}


def test_cloud_run(tmp_path: Path) -> None:
    policy = {"name": "cloud-run", "cpu_target": 0.8}
    found = _found(platform="cloud-run", policy=policy, max_concurrency=50, cpu=2048, memory=4096, **LIMITS)
    (words,) = called(text_of(found, ApplyTool.GCLOUD), tmp_path, name="gcloud")
    assert words[:4] == ["run", "services", "update", "shop"]
    assert _pairs(words) == {
        "--region": "REGION",
        "--cpu": "2",
        "--memory": "4096Mi",
        "--concurrency": "50",
        "--min-instances": "2",
        "--max-instances": "9",
        "--scaling-cpu-target": "0.8",
        "--scaling-concurrency-target": "0.6",
    }


def test_container_apps(tmp_path: Path) -> None:
    policy = {"name": "container-apps", "concurrent_requests": 25}
    found = _found(platform="container-apps", policy=policy, cpu=512, memory=1024, **LIMITS)
    (words,) = called(text_of(found, ApplyTool.AZ), tmp_path, name="az")
    pairs = _pairs(words)
    assert (pairs["--cpu"], pairs["--memory"], pairs["--scale-rule-http-concurrency"]) == ("0.5", "1Gi", "25")
    assert (pairs["--min-replicas"], pairs["--max-replicas"]) == ("2", "9")


def test_fly() -> None:
    text = text_of(_found(platform="fly", max_concurrency=50, cpu=1024, memory=2048, **LIMITS), ApplyTool.FLY)
    parsed = tomllib.loads(text)
    assert parsed["http_service"]["min_machines_running"] == 2
    assert parsed["http_service"]["concurrency"] == {"type": "requests", "soft_limit": 40, "hard_limit": 50}
    assert parsed["vm"] == [{"size": "performance-1x", "memory": "2048mb"}]
    assert "fly scale count 9" in text


def test_heroku(tmp_path: Path) -> None:
    text = text_of(_found(platform="heroku", **LIMITS), ApplyTool.HEROKU)
    kind, scaling = called(text, tmp_path, name="heroku")
    assert kind[:2] == ["ps:type", "web=performance-m"]
    assert _pairs(scaling) == {"--app": "shop", "--min": "2", "--max": "9", "--p95": "500"}


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        (
            {"policy": {"name": "keda", "target": 7}},
            "at most 100 requests at a time in each, policy keda with target 7.",
        ),
        ({"policy": "step-scaling"}, "Set on ecs-fargate: instances of 1 vCPU / 2 GB, 1 to 25 of them"),
        ({"policy": "mpc"}, "The policy mpc belongs to no platform"),
    ],
)
def test_without_a_text_a_sentence_says_what_to_set(settings: dict[str, Any], note: str) -> None:
    found = _found(**settings)
    assert found.texts == ()
    assert note in found.notes[0]
