"""Runs of stacks: creation, update, replacement, rollback and deletion, also across a restart."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, TimeProfile
from simulator.model.resources.phase import Phase
from tests.control.stacks.stack_stage import CONNECTOR, SCALING, SERVICE, StackStage, service, template
from tests.virtual import run_virtual

BROKEN = {"Type": "AWS::AppRunner::AutoScalingConfiguration", "Properties": {"MinSize": 9, "MaxSize": 2}}
WITH_SCALING = service(AutoScalingConfigurationArn={"Ref": "Scaling"})


def failing(what: str) -> SimulatedWorkload:
    workload = SimulatedWorkload()
    workload.fail("shop", what, before=Phase.HEALTHY)
    return workload


@pytest.mark.parametrize("profile", [INSTANT, APP_RUNNER], ids=lambda profile: profile.name)
def test_a_stack_is_created_in_the_order_of_its_references_and_deleted_in_the_other(profile: TimeProfile) -> None:
    async def main() -> None:
        async with StackStage(profile=profile) as stacks:
            outputs = {"Url": {"Value": {"Fn::GetAtt": ["Service", "ServiceUrl"]}}}
            assert await stacks.created(template(outputs, Service=WITH_SCALING, Scaling=SCALING)) == "CREATE_COMPLETE"
            events = stacks.events()
            assert events.index(("Scaling", "CREATE_COMPLETE")) < events.index(("Service", "CREATE_IN_PROGRESS"))
            assert events[0] == ("one", "CREATE_IN_PROGRESS")
            assert events[-1] == ("one", "CREATE_COMPLETE")
            assert [each for each in events if each[0] == "Service"] == [
                ("Service", "CREATE_IN_PROGRESS"),
                ("Service", "CREATE_IN_PROGRESS"),
                ("Service", "CREATE_COMPLETE"),
            ]
            physical = stacks.physical()
            made = stacks.stage.service(physical["Service"])
            scaling = made["AutoScalingConfigurationSummary"]["AutoScalingConfigurationArn"]
            assert scaling == physical["Scaling"]
            assert stacks.outputs() == {"Url": made["ServiceUrl"]}
            stack_id = stacks.describe()["StackId"]
            assert await stacks.deleted() == "DELETE_COMPLETE"
            events = stacks.events(stack_id)
            assert events.index(("Service", "DELETE_COMPLETE")) < events.index(("Scaling", "DELETE_IN_PROGRESS"))
            assert stacks.services() == []
            message = "Stack with id one does not exist"
            assert stacks.rejected("DescribeStacks", StackName="one").message == message

    run_virtual(main)


def test_independent_resources_are_created_at_the_same_time() -> None:
    async def main() -> None:
        async with StackStage(profile=APP_RUNNER) as stacks:
            began_s = asyncio.get_running_loop().time()
            text = template(A=service(ServiceName="shop-a"), B=service(ServiceName="shop-b"))
            assert await stacks.created(text) == "CREATE_COMPLETE"
            assert 300.0 <= asyncio.get_running_loop().time() - began_s < 320.0

    run_virtual(main)


def test_an_update_in_place_keeps_the_service_and_a_replacement_takes_its_place() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            await stacks.created(template(Service=SERVICE))
            before = stacks.physical()["Service"]
            text = template(Service=service(InstanceConfiguration={"Cpu": 2048, "Memory": "4 GB"}))
            assert await stacks.updated(text) == "UPDATE_COMPLETE"
            assert stacks.physical()["Service"] == before
            assert stacks.stage.service(before)["InstanceConfiguration"]["Cpu"] == "2048"
            text = template(Service=service(ServiceName="shop-2"))
            assert await stacks.updated(text) == "UPDATE_COMPLETE"
            after = stacks.physical()["Service"]
            assert after != before
            assert stacks.services() == ["shop-2"]
            reason = "Requested update requires the creation of a new physical resource; hence creating one."
            assert reason in stacks.reasons()
            statuses = [status for name, status in stacks.events() if name == "one"]
            assert statuses[-3:] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]

    run_virtual(main)


def test_a_change_of_tags_replaces_and_collides_with_an_explicit_name() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            await stacks.created(template(Service=SERVICE))
            before = stacks.physical()
            text = template(Service=service(Tags=[{"Key": "team", "Value": "new"}]))
            assert await stacks.updated(text) == "UPDATE_ROLLBACK_COMPLETE"
            assert stacks.physical() == before
            assert any("Service with the provided name already exists: shop" in each for each in stacks.reasons())

    run_virtual(main)


def test_a_generated_name_is_replaced_by_another_one_and_keeps_the_tags_of_the_stack() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            tags = [{"Key": "team", "Value": "stack"}, {"Key": "cost", "Value": "1"}]
            await stacks.created(template(Network=CONNECTOR), Tags=tags)
            first = stacks.physical()["Network"]
            own = {"Tags": [{"Key": "team", "Value": "own"}]}
            changed = {"Type": CONNECTOR["Type"], "Properties": CONNECTOR["Properties"] | own}
            assert await stacks.updated(template(Network=changed)) == "UPDATE_COMPLETE"
            second = stacks.physical()["Network"]
            names = [each.split("/")[1] for each in (first, second)]
            assert names[0] != names[1]
            assert all(name.startswith("Network-") and len(name) == len("Network-") + 12 for name in names)
            listed = stacks.stage.call("ListTagsForResource", ResourceArn=second)["Tags"]
            assert {each["Key"]: each["Value"] for each in listed} == {"team": "own", "cost": "1"}
            assert len(stacks.stage.call("ListVpcConnectors")["VpcConnectors"]) == 1

    run_virtual(main)


def test_a_removed_resource_is_deleted_in_the_cleanup_unless_its_policy_retains_it() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            kept = service(ServiceName="kept") | {"DeletionPolicy": "Retain"}
            await stacks.created(template(Service=SERVICE, Kept=kept, Scaling=SCALING))
            assert await stacks.updated(template(Scaling=SCALING)) == "UPDATE_COMPLETE"
            assert stacks.services() == ["kept"]
            assert list(stacks.physical()) == ["Scaling"]
            assert ("Kept", "DELETE_SKIPPED") in stacks.events()
            assert ("Service", "DELETE_COMPLETE") in stacks.events()

    run_virtual(main)


def test_a_creation_that_fails_is_rolled_back_and_the_stack_cannot_be_updated() -> None:
    async def main() -> None:
        async with StackStage(profile=APP_RUNNER, workload=failing("provision")) as stacks:
            assert await stacks.created(template(Service=WITH_SCALING, Scaling=SCALING)) == "ROLLBACK_COMPLETE"
            stack = stacks.describe()
            reasons = stacks.reasons()
            assert "The following resource(s) failed to create: [Service]. Rollback requested by user." in reasons
            assert any("did not stabilize" in each and "HandlerErrorCode: NotStabilized" in each for each in reasons)
            assert stacks.services() == []
            error = stacks.rejected("UpdateStack", StackName="one", TemplateBody=template(Service=SERVICE))
            assert error.message == f"Stack:{stack['StackId']} is in ROLLBACK_COMPLETE state and can not be updated."
            assert await stacks.deleted() == "DELETE_COMPLETE"

    run_virtual(main)


def test_what_is_in_progress_when_another_resource_fails_is_cancelled_and_deleted() -> None:
    async def main() -> None:
        async with StackStage(profile=APP_RUNNER) as stacks:
            broken = BROKEN | {"DependsOn": "Network"}
            assert await stacks.created(template(Service=SERVICE, Network=CONNECTOR, Bad=broken)) == "ROLLBACK_COMPLETE"
            assert "Resource creation cancelled" in stacks.reasons()
            assert any(each.startswith("Resource handler returned message:") for each in stacks.reasons())
            assert stacks.services() == []

    run_virtual(main)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"DisableRollback": True}, "CREATE_FAILED"),
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED"),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE"),
    ],
)
def test_a_creation_that_fails_with_other_options(options: dict[str, object], status: str) -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            stack_id = stacks.call(
                "CreateStack", StackName="one", TemplateBody=template(Service=SERVICE, Bad=BROKEN), **options
            )["StackId"]
            assert await stacks.settled(stack_id) == status
            assert stacks.services() == (["shop"] if status == "CREATE_FAILED" else [])

    run_virtual(main)


def test_a_failed_creation_without_rollback_continues_with_an_update_or_a_rollback() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            bad = template(Service=SERVICE, Bad=BROKEN)
            await stacks.created(bad, DisableRollback=True)
            before = stacks.physical()["Service"]
            mended = template(Service=SERVICE, Bad=SCALING)
            assert await stacks.updated(mended) == "UPDATE_COMPLETE"
            assert stacks.physical()["Service"] == before
            await stacks.created(bad.replace("shop", "cart"), "two", DisableRollback=True)
            stacks.call("RollbackStack", StackName="two")
            assert await stacks.settled("two") == "ROLLBACK_COMPLETE"
            assert stacks.services() == ["shop"]

    run_virtual(main)


def test_an_update_that_fails_returns_to_the_previous_state() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            outputs = {"Name": {"Value": "before"}}
            plain = service(InstanceConfiguration={"Cpu": "1024", "Memory": "2048"})
            await stacks.created(template(outputs, Service=plain, Scaling=SCALING))
            before = stacks.physical()
            text = template(
                {"Name": {"Value": "after"}},
                Service=service(InstanceConfiguration={"Cpu": "256", "Memory": "512"}, ServiceName="shop"),
                Scaling={"Type": SCALING["Type"], "Properties": SCALING["Properties"] | {"MaxConcurrency": 9}},
                New=service(ServiceName="new-one"),
                Bad=BROKEN | {"DependsOn": ["Service", "New"]},
            )
            assert await stacks.updated(text) == "UPDATE_ROLLBACK_COMPLETE"
            assert stacks.physical() == before
            assert stacks.outputs() == {"Name": "before"}
            assert stacks.services() == ["shop"]
            assert stacks.stage.service(before["Service"])["InstanceConfiguration"]["Cpu"] == "1024"
            scaling = stacks.stage.call("ListAutoScalingConfigurations", LatestOnly=False)
            arns = [each["AutoScalingConfigurationArn"] for each in scaling["AutoScalingConfigurationSummaryList"]]
            assert [each for each in arns if "busy" in each] == [before["Scaling"]]
            statuses = [status for name, status in stacks.events() if name == "one"]
            assert statuses[-3:] == [
                "UPDATE_ROLLBACK_IN_PROGRESS",
                "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
                "UPDATE_ROLLBACK_COMPLETE",
            ]
            assert "The following resource(s) failed to create: [Bad]. " in stacks.reasons()
            mended = template(Service=plain, Scaling=SCALING, New=service(ServiceName="new-one"))
            assert await stacks.updated(mended) == "UPDATE_COMPLETE"

    run_virtual(main)


def test_an_update_that_app_runner_rolled_back_is_a_success() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        async with StackStage(profile=APP_RUNNER, workload=workload) as stacks:
            await stacks.created(template(Service=SERVICE))
            workload.fail("shop", "deploy", before=Phase.HEALTHY)
            text = template(Service=service(HealthCheckConfiguration={"Path": "/up", "Protocol": "HTTP"}))
            assert await stacks.updated(text) == "UPDATE_COMPLETE"
            arn = stacks.physical()["Service"]
            assert stacks.stage.operations(arn)[0] == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")

    run_virtual(main)


def test_a_rollback_that_fails_can_be_continued() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            await stacks.created(template(Service=SERVICE))
            arn = stacks.physical()["Service"]
            changed = service(InstanceConfiguration={"Cpu": "256", "Memory": "512"})
            text = template(Service=changed, Bad=BROKEN | {"DependsOn": "Service"})
            stacks.call("UpdateStack", StackName="one", TemplateBody=text)
            await stacks.until(lambda: ("Service", "UPDATE_COMPLETE") in stacks.events())
            stacks.stage.call("DeleteService", ServiceArn=arn)
            assert await stacks.settled() == "UPDATE_ROLLBACK_FAILED"
            stacks.call("ContinueUpdateRollback", StackName="one", ResourcesToSkip=["Service"])
            assert await stacks.settled() == "UPDATE_ROLLBACK_COMPLETE"
            assert await stacks.deleted() == "DELETE_COMPLETE"

    run_virtual(main)


def test_a_deletion_that_fails_names_its_resources_and_can_retain_them() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            await stacks.created(template(Network=CONNECTOR))
            egress = {"EgressType": "VPC", "VpcConnectorArn": stacks.physical()["Network"]}
            user = await stacks.stage.running("other", NetworkConfiguration={"EgressConfiguration": egress})
            assert await stacks.deleted() == "DELETE_FAILED"
            assert "The following resource(s) failed to delete: [Network]. " in stacks.reasons()
            assert await stacks.deleted(RetainResources=["Network"]) == "DELETE_COMPLETE"
            assert stacks.stage.status(user) == "RUNNING"

    run_virtual(main)


def test_a_private_service_with_its_ingress_connection() -> None:
    async def main() -> None:
        async with StackStage(profile=APP_RUNNER) as stacks:
            private = service(NetworkConfiguration={"IngressConfiguration": {"IsPubliclyAccessible": "false"}})
            ingress: dict[str, Any] = {
                "Type": "AWS::AppRunner::VpcIngressConnection",
                "Properties": {
                    "ServiceArn": {"Fn::GetAtt": "Service.ServiceArn"},
                    "IngressVpcConfiguration": {"VpcId": "vpc-1", "VpcEndpointId": "vpce-1"},
                },
            }
            traced = {"Type": "AWS::AppRunner::ObservabilityConfiguration", "Properties": {}}
            outputs = {
                "Name": {"Value": {"Fn::GetAtt": ["Door", "DomainName"]}},
                "Latest": {"Value": {"Fn::Sub": "${Traced.Latest} ${Traced.ObservabilityConfigurationRevision}"}},
            }
            text = template(outputs, Service=private, Door=ingress, Traced=traced)
            assert await stacks.created(text) == "CREATE_COMPLETE"
            found = stacks.stage.call(
                "DescribeVpcIngressConnection", VpcIngressConnectionArn=stacks.physical()["Door"]
            )["VpcIngressConnection"]
            assert stacks.outputs() == {"Name": found["DomainName"], "Latest": "true 1"}
            ingress["Properties"]["IngressVpcConfiguration"] = {"VpcId": "vpc-1", "VpcEndpointId": "vpce-2"}
            door = stacks.physical()["Door"]
            text = template(outputs, Service=private, Door=ingress, Traced=traced)
            assert await stacks.updated(text) == "UPDATE_COMPLETE"
            assert stacks.physical()["Door"] == door
            assert await stacks.deleted() == "DELETE_COMPLETE"

    run_virtual(main)


@pytest.mark.parametrize("after_s", [0.0, 5.0, 150.0, 299.0])
def test_a_creation_continues_after_a_restart(tmp_path: Path, after_s: float) -> None:
    path = tmp_path / "control.sqlite"
    text = template(Service=WITH_SCALING, Scaling=SCALING)

    async def begin() -> None:
        async with StackStage(path, profile=APP_RUNNER) as stacks:
            stacks.call("CreateStack", StackName="one", TemplateBody=text)
            if after_s:
                await asyncio.sleep(after_s)

    async def go_on() -> None:
        async with StackStage(path, profile=APP_RUNNER) as stacks:
            assert await stacks.settled() == "CREATE_COMPLETE"
            assert stacks.services() == ["shop"]
            assert len(stacks.events(logical="Service")) == 3

    run_virtual(begin)
    run_virtual(go_on)


def test_a_service_that_was_created_before_the_kill_is_not_created_twice(tmp_path: Path) -> None:
    path = tmp_path / "control.sqlite"

    async def begin() -> None:
        async with StackStage(path) as stacks:
            stacks.call("CreateStack", StackName="one", TemplateBody=template(Service=service(), Scaling=SCALING))
            await asyncio.sleep(0.001)
            # The state after a kill between the call and its record.
            documents = [(key, body) for kind, key, body in stacks.stage.store.documents() if kind == "stack"]
            for key, body in documents:
                stack: dict[str, Any] = json.loads(body)
                for member in stack["members"].values():
                    member |= {"physical_id": "", "status": "CREATE_IN_PROGRESS", "ref": "", "attributes": {}}
                stack["status"] = "CREATE_IN_PROGRESS"
                stack["operation"] = (stack["operation"] or {"token": "again"}) | {"done": []}
                stacks.stage.store.write(puts=[("stack", key, json.dumps(stack))])

    async def go_on() -> None:
        async with StackStage(path) as stacks:
            assert await stacks.settled() == "CREATE_COMPLETE"
            assert stacks.services() == ["shop"]
            listed = stacks.stage.call("ListAutoScalingConfigurations", LatestOnly=False)
            arns = [each["AutoScalingConfigurationArn"] for each in listed["AutoScalingConfigurationSummaryList"]]
            assert [each for each in arns if "busy" in each] == [stacks.physical()["Scaling"]]

    run_virtual(begin)
    run_virtual(go_on)


@pytest.mark.parametrize("after_s", [1.0, 100.0, 290.0, 400.0])
def test_an_update_and_a_deletion_continue_after_a_restart(tmp_path: Path, after_s: float) -> None:
    path = tmp_path / "control.sqlite"
    changed = template(Service=service(ServiceName="shop-2"), Scaling=SCALING)

    async def begin() -> None:
        async with StackStage(path) as stacks:
            await stacks.created(template(Service=WITH_SCALING, Scaling=SCALING))

    async def update() -> None:
        async with StackStage(path, profile=APP_RUNNER) as stacks:
            stacks.call("UpdateStack", StackName="one", TemplateBody=changed)
            await asyncio.sleep(after_s)

    async def delete() -> None:
        async with StackStage(path, profile=APP_RUNNER) as stacks:
            assert await stacks.settled() == "UPDATE_COMPLETE"
            assert stacks.services() == ["shop-2"]
            stacks.call("DeleteStack", StackName="one")
            await asyncio.sleep(min(after_s, 170.0))

    async def end() -> None:
        async with StackStage(path, profile=APP_RUNNER) as stacks:
            stack_id = stacks.call("ListStacks")["StackSummaries"][0]["StackId"]
            assert await stacks.settled(stack_id) == "DELETE_COMPLETE"
            assert stacks.services() == []

    for step in (begin, update, delete, end):
        run_virtual(step)
