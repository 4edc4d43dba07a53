"""`kill -9` of `simulator serve` during an operation of a stack: the next start continues the operation to its end."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from simulator.world.clock import ClockKind, run
from tests.cli.platform.test_serve import Served, serving
from tests.control.api_stage import PUBLIC_IMAGE
from tests.control.stacks.test_stack_kills import FIRST, OTHER_NAME
from tests.live.test_deployment_cut_off import until

CONFIG = f"applications: {{{PUBLIC_IMAGE}: {{simulated: {{}}}}}}\ntime: {{profile: app-runner, factor: 0.01}}\n"
KILLS = 3  # in each operation


def stacks_of(served: Served) -> Any:
    options = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client("cloudformation", endpoint_url=served.url, config=config, **options)


def stack_of(client: Any) -> dict[str, Any]:
    summary: dict[str, Any] = client.list_stacks()["StackSummaries"][0]
    return summary


def events_of(client: Any) -> int:
    stack_id = stack_of(client)["StackId"]
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    return sum(len(page["StackEvents"]) for page in pages)


@contextlib.contextmanager
def killed(state: Path, config: Path) -> Iterator[Served]:
    with serving(state, "--config", str(config)) as served:
        yield served
        served.process.kill()
        served.process.wait()


def is_running(client: Any) -> bool:
    return str(stack_of(client)["StackStatus"]).endswith("_IN_PROGRESS")


@pytest.mark.slow
def test_a_stack_is_created_changed_and_deleted_across_kills(tmp_path: Path) -> None:
    state, config = tmp_path / "state", tmp_path / "serve.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    run(ClockKind.REAL, lambda: killed_and_started_again(state, config))


async def killed_and_started_again(state: Path, config: Path) -> None:
    operations: dict[str, Callable[[Any], object]] = {
        "CREATE_COMPLETE": lambda client: client.create_stack(StackName="one", TemplateBody=FIRST),
        "UPDATE_COMPLETE": lambda client: client.update_stack(StackName="one", TemplateBody=OTHER_NAME),
        "DELETE_COMPLETE": lambda client: client.delete_stack(StackName="one"),
    }
    stack_ids = set()
    for wanted, begin in operations.items():
        for number in range(KILLS):
            with killed(state, config) as served:
                client = stacks_of(served)
                if number == 0:
                    begin(client)
                before = events_of(client)
                stack_ids.add(stack_of(client)["StackId"])
                await until(functools.partial(has_moved, client, before))
        with killed(state, config) as served:
            client = stacks_of(served)
            await until(lambda client=client: not is_running(client))  # type: ignore[misc]
            assert stack_of(client)["StackStatus"] == wanted
            names = [each["ServiceName"] for each in served.client.list_services()["ServiceSummaryList"]]
            assert names == {"CREATE_COMPLETE": ["shop"], "UPDATE_COMPLETE": ["shop-2"]}.get(wanted, [])
    assert len(stack_ids) == 1


def has_moved(client: Any, before: int) -> bool:
    """Return whether the operation has made progress, or has ended."""
    return events_of(client) > before or not is_running(client)
