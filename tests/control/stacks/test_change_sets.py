"""Change sets: the changes that they describe, their execution, and what they reject."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.control.stacks.change_sets import NOTHING_CHANGES
from tests.control.stacks.stack_stage import SCALING, SERVICE, StackStage, service, template
from tests.virtual import run_virtual


def change_set(stacks: StackStage, text: str, kind: str = "CREATE", **more: Any) -> dict[str, Any]:
    request = {"StackName": "one", "ChangeSetName": "next", "TemplateBody": text, "ChangeSetType": kind} | more
    made = stacks.call("CreateChangeSet", **request)
    return stacks.call("DescribeChangeSet", ChangeSetName=made["Id"])


async def executed(stacks: StackStage, **more: Any) -> str:
    stacks.call("ExecuteChangeSet", ChangeSetName="next", StackName="one", **more)
    return await stacks.settled()


def test_a_stack_is_created_by_a_change_set() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            found = change_set(stacks, template(Service=SERVICE, Scaling=SCALING))
            assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
            assert [each["ResourceChange"]["Action"] for each in found["Changes"]] == ["Add", "Add"]
            assert stacks.status() == "REVIEW_IN_PROGRESS"
            assert stacks.services() == []
            assert await executed(stacks) == "CREATE_COMPLETE"
            assert stacks.services() == ["shop"]
            assert stacks.describe()["ChangeSetId"] == found["ChangeSetId"]
            error = stacks.rejected("ExecuteChangeSet", ChangeSetName=found["ChangeSetId"])
            assert error.code == "InvalidChangeSetStatus"

    run_virtual(main)


def test_changes_say_what_is_replaced_and_why() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            await stacks.created(template(Service=SERVICE, Scaling=SCALING))
            text = template(Service=service(ServiceName="shop-2", InstanceConfiguration={"Cpu": "256"}))
            found = change_set(stacks, text, "UPDATE")
            modified, removed = (each["ResourceChange"] for each in found["Changes"])
            assert (modified["Action"], modified["LogicalResourceId"], modified["Replacement"]) == (
                "Modify",
                "Service",
                "True",
            )
            assert [each["Target"] for each in modified["Details"]] == [
                {"Attribute": "Properties", "Name": "InstanceConfiguration", "RequiresRecreation": "Never"},
                {"Attribute": "Properties", "Name": "ServiceName", "RequiresRecreation": "Always"},
            ]
            assert modified["PhysicalResourceId"] == stacks.physical()["Service"]
            assert (removed["Action"], removed["LogicalResourceId"]) == ("Remove", "Scaling")
            assert stacks.status() == "CREATE_COMPLETE"
            assert stacks.call("ListChangeSets", StackName="one")["Summaries"][0]["ChangeSetName"] == "next"
            stacks.call("DeleteChangeSet", StackName="one", ChangeSetName="next")
            stacks.call("DeleteChangeSet", StackName="one", ChangeSetName="next")
            assert stacks.call("ListChangeSets", StackName="one")["Summaries"] == []
            assert (
                stacks.rejected("DescribeChangeSet", StackName="one", ChangeSetName="next").code == "ChangeSetNotFound"
            )

    run_virtual(main)


@pytest.mark.parametrize(
    ("change", "is_empty"),
    [
        ({}, True),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, False),
        ({"TemplateBody": template({"A": {"Value": "b"}}, Service=SERVICE)}, False),
        ({"TemplateBody": template(Service=SERVICE | {"DeletionPolicy": "Retain"})}, True),
    ],
)
def test_an_empty_change_set_fails_with_the_sentence_that_clients_recognize(
    change: dict[str, Any], *, is_empty: bool
) -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            text = template(Service=SERVICE)
            await stacks.created(text)
            found = change_set(stacks, text, "UPDATE", **change)
            request = {"StackName": "one", "TemplateBody": text} | change
            if is_empty:
                assert (found["Status"], found["StatusReason"]) == ("FAILED", NOTHING_CHANGES)
                assert found["ExecutionStatus"] == "UNAVAILABLE"
                error = stacks.rejected("UpdateStack", **request)
                assert (error.code, error.message) == ("ValidationError", "No updates are to be performed.")
            else:
                assert found["Status"] == "CREATE_COMPLETE"
                assert await executed(stacks) == "UPDATE_COMPLETE"

    run_virtual(main)


def test_a_change_set_with_values_that_do_not_exist_fails() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            outputs = {"Url": {"Value": {"Fn::ImportValue": "nowhere"}}}
            found = change_set(stacks, template(outputs, Service=SERVICE))
            assert (found["Status"], found["StatusReason"]) == ("FAILED", "No export named nowhere found.")

    run_virtual(main)


def test_a_change_set_without_rollback_keeps_the_created_resources() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            bad = {"Type": SCALING["Type"], "Properties": {"MinSize": 9, "MaxSize": 2}}
            change_set(stacks, template(Service=SERVICE, Bad=bad))
            assert await executed(stacks, DisableRollback=True) == "CREATE_FAILED"
            assert stacks.services() == ["shop"]
            assert stacks.describe()["DisableRollback"]

    run_virtual(main)


def test_rejections_of_change_sets() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            text = template(Service=SERVICE)
            request = {"StackName": "one", "ChangeSetName": "next", "TemplateBody": text}
            assert stacks.rejected("CreateChangeSet", **request).message == "Stack [one] does not exist"
            change_set(stacks, text)
            assert (
                stacks.rejected("CreateChangeSet", **request, ChangeSetType="CREATE").code == "AlreadyExistsException"
            )
            error = stacks.rejected("CreateChangeSet", **request)
            assert error.message.endswith("is in REVIEW_IN_PROGRESS state and can not be updated.")
            await executed(stacks)
            error = stacks.rejected("CreateChangeSet", **request, ChangeSetType="CREATE")
            assert error.message == "Stack [one] already exists and cannot be created again with the changeSet [next]."
            assert "CREATE or UPDATE" in stacks.rejected("CreateChangeSet", **request, ChangeSetType="IMPORT").message
            assert "StackName must be specified" in stacks.rejected("DescribeChangeSet", ChangeSetName="next").message

    run_virtual(main)
