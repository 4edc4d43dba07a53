"""A stack's operation after `kill -9` at any moment: it continues, or ends in a status of AWS.

A kill leaves the state of the last commit, so the state after each commit is resumed and run to its end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, TimeProfile
from simulator.control.state.store import Store
from simulator.model.resources.phase import Phase
from tests.control.stacks.stack_stage import CONNECTOR, SCALING, StackStage, service, template
from tests.virtual import run_virtual

WITH_SCALING = service(AutoScalingConfigurationArn={"Ref": "Scaling"})
FIRST = template(Service=WITH_SCALING, Scaling=SCALING, Connector=CONNECTOR)
SECOND = template(  # the service in place, the configuration replaced, the connector removed
    Service=service(
        AutoScalingConfigurationArn={"Ref": "Scaling"}, InstanceConfiguration={"Cpu": 2048, "Memory": 4096}
    ),
    Scaling={"Type": SCALING["Type"], "Properties": SCALING["Properties"] | {"MaxConcurrency": 20}},
)
OTHER_NAME = template(Service=service(ServiceName="shop-2"), Scaling=SCALING, Connector=CONNECTOR)

Step = Callable[[StackStage], Awaitable[object]]


def snapshots(path: Path, step: Step, monkeypatch: pytest.MonkeyPatch, profile: TimeProfile, fails: str) -> list[bytes]:
    """Return the state after each commit of a step."""
    found: list[bytes] = []
    write = Store.write

    def kept(store: Store, **given: object) -> None:
        write(store, **given)  # type: ignore[arg-type]
        found.append(store._db.serialize())

    async def main() -> None:
        async with StackStage(path, profile=profile, workload=workload(fails)) as stacks:
            monkeypatch.setattr(Store, "write", kept)
            await step(stacks)
            monkeypatch.setattr(Store, "write", write)

    run_virtual(main)
    return found


def workload(fails: str) -> SimulatedWorkload:
    simulated = SimulatedWorkload()
    if fails:
        simulated.fail(fails, "provision", before=Phase.HEALTHY)
    return simulated


def ends(path: Path, content: bytes, profile: TimeProfile, fails: str) -> tuple[str, list[str], list[str]]:
    """Return the stack's status at the end, the services, and the configurations and connectors."""
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()
    path.write_bytes(content)
    told: list[tuple[str, list[str], list[str]]] = []

    async def main() -> None:
        async with StackStage(path, profile=profile, workload=workload(fails)) as stacks:
            stack_id = stacks.call("ListStacks")["StackSummaries"][0]["StackId"]
            status = await stacks.settled(stack_id)
            configurations = stacks.stage.call("ListAutoScalingConfigurations", LatestOnly=False)
            arns = [
                each["AutoScalingConfigurationArn"] for each in configurations["AutoScalingConfigurationSummaryList"]
            ]
            arns += [each["VpcConnectorArn"] for each in stacks.stage.call("ListVpcConnectors")["VpcConnectors"]]
            others = sorted(arn for arn in arns if "/DefaultConfiguration/" not in arn)
            if not status.endswith(("DELETE_COMPLETE", "ROLLBACK_COMPLETE")) or status.startswith("UPDATE"):
                made = [each["ServiceArn"] for each in stacks.stage.call("ListServices")["ServiceSummaryList"]]
                assert sorted(stacks.physical().values()) == sorted([*others, *made])
            told.append((status, stacks.services(), [arn.split("/")[0].split(":")[-1] for arn in others]))

    run_virtual(main)
    return told[0]


@pytest.mark.parametrize(
    "profile", [INSTANT, pytest.param(APP_RUNNER, marks=pytest.mark.slow)], ids=lambda profile: profile.name
)
@pytest.mark.parametrize(
    ("first", "step", "fails", "status", "services", "others"),
    [
        ("", "create", "", "CREATE_COMPLETE", ["shop"], ["autoscalingconfiguration", "vpcconnector"]),
        ("", "create", "shop", "ROLLBACK_COMPLETE", [], []),
        (FIRST, "update", "", "UPDATE_COMPLETE", ["shop"], ["autoscalingconfiguration"]),
        (FIRST, "replace", "", "UPDATE_COMPLETE", ["shop-2"], ["autoscalingconfiguration", "vpcconnector"]),
        (
            FIRST,
            "replace",
            "shop-2",
            "UPDATE_ROLLBACK_COMPLETE",
            ["shop"],
            ["autoscalingconfiguration", "vpcconnector"],
        ),
        (FIRST, "delete", "", "DELETE_COMPLETE", [], []),
    ],
    ids=["create", "failed-create", "update", "replace", "failed-replace", "delete"],
)
def test_an_operation_ends_as_without_a_kill_whenever_it_comes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: TimeProfile,
    first: str,
    step: str,
    fails: str,
    status: str,
    services: list[str],
    others: list[str],
) -> None:
    path = tmp_path / "control.sqlite"

    async def prepare() -> None:
        async with StackStage(path) as stacks:
            assert await stacks.created(first) == "CREATE_COMPLETE"

    if first:
        run_virtual(prepare)
    texts = {"create": FIRST, "update": SECOND, "replace": OTHER_NAME}

    async def played(stacks: StackStage) -> None:
        if step == "create":
            await stacks.created(FIRST)
        elif step == "delete":
            await stacks.deleted()
        else:
            await stacks.updated(texts[step])

    found = snapshots(path, played, monkeypatch, profile, fails)
    assert len(found) > 10
    every = 3 if profile is INSTANT else 15  # each is a new start; the others run the same code
    wrong = [
        (number, ended)
        for number, content in enumerate(found)
        if number % every == 0 and (ended := ends(path, content, profile, fails)) != (status, services, others)
    ]
    assert wrong == []
