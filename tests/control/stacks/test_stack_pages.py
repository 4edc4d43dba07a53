"""Pages of lists of stacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from simulator.control.pagination import Pages
from simulator.control.stacks.stack_pages import StackPages
from simulator.model.resources.api_error import ApiError
from tests.control.api_stage import ALICE, principal
from tests.control.stacks.stack_stage import Answer, StackStage, template
from tests.virtual import run_virtual

ROLE: dict[str, Any] = {"Type": "AWS::IAM::Role", "Properties": {}}


class Item(NamedTuple):
    born: int


def walked(page: Callable[[Answer], Answer], name: str) -> list[list[Any]]:
    """Return all pages."""
    found, more = [], dict[str, Any]()
    while True:
        answer = page(more)
        found.append(answer[name])
        if "NextToken" not in answer:
            return found
        more = {"NextToken": answer["NextToken"]}


def test_pages_are_newest_first_and_have_every_item_once_even_if_items_are_added() -> None:
    pages, items = StackPages(Pages(b"key"), 3), [Item(number) for number in range(7)]

    def page(more: Answer) -> Answer:
        answer = pages.newest_first(items, Item._asdict, "Items", ALICE, "List", {"StackName": "one"} | more)
        items.append(Item(items[-1].born + 1))
        return answer

    numbers = [[each["born"] for each in found] for found in walked(page, "Items")]
    assert numbers == [[6, 5, 4], [3, 2, 1], [0]]


def test_items_without_numbers_keep_their_order() -> None:
    pages, items = StackPages(Pages(b"key"), 2), list("edcba")
    found = walked(lambda more: pages.in_order(items, str, "Items", ALICE, "List", {} | more), "Items")
    assert found == [["e", "d"], ["c", "b"], ["a"]]


@pytest.mark.parametrize(
    ("who", "operation", "request_"),
    [
        (principal("999999999999"), "List", {}),
        (ALICE, "ListOthers", {}),
        (ALICE, "List", {"StackName": "two"}),
    ],
)
def test_a_token_is_for_one_caller_one_operation_and_one_request(who: Any, operation: str, request_: Answer) -> None:
    pages, items = StackPages(Pages(b"key"), 1), [Item(1), Item(2)]
    token = pages.newest_first(items, Item._asdict, "Items", ALICE, "List", {})["NextToken"]
    for wrong in (token, "none", "", "\u20ac"):
        with pytest.raises(ApiError, match="NextToken") as caught:
            pages.newest_first(items, Item._asdict, "Items", who, operation, request_ | {"NextToken": wrong})
        assert caught.value.code == "ValidationError"


def test_a_stack_with_many_resources_is_listed_in_pages() -> None:
    async def main() -> None:
        async with StackStage() as stacks:
            names = [f"Role{number}" for number in range(101)]
            text = template(**dict.fromkeys(names, ROLE))
            options = {"StackName": "one", "Capabilities": ["CAPABILITY_IAM"]}
            stacks.call("CreateChangeSet", ChangeSetName="all", ChangeSetType="CREATE", TemplateBody=text, **options)
            change_set = {"StackName": "one", "ChangeSetName": "all"}
            changes = walked(lambda more: stacks.call("DescribeChangeSet", **change_set, **more), "Changes")
            assert [len(each) for each in changes] == [100, 1]
            stacks.call("ExecuteChangeSet", **change_set)
            assert await stacks.settled() == "CREATE_COMPLETE"

            def pages_of(operation: str, name: str) -> list[list[Any]]:
                return walked(lambda more: stacks.call(operation, StackName="one", **more), name)

            listed = pages_of("ListStackResources", "StackResourceSummaries")
            assert [[each["LogicalResourceId"] for each in page] for page in listed] == [names[:100], names[100:]]
            events = pages_of("DescribeStackEvents", "StackEvents")
            assert [len(page) for page in events[:-1]] == [100] * (len(events) - 1)
            ids = [each["EventId"] for page in events for each in page]
            assert len(ids) == len(set(ids)) > 200
            assert len(stacks.call("DescribeStackResources", StackName="one")["StackResources"]) == 100
            assert "NextToken" in stacks.rejected("ListStacks", NextToken="none").message
            for operation in ("DescribeStacks", "ListExports", "ListChangeSets", "DescribeStackEvents"):
                named = {} if operation == "ListExports" else {"StackName": "one"}
                assert stacks.rejected(operation, NextToken="none", **named).code == "ValidationError"

    run_virtual(main)
