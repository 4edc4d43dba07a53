"""CloudFormation's reads of stacks: lists in pages, resources, events, templates, exports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.control.api_context import owner_key
from simulator.control.principal import Principal
from simulator.control.stacks.change_sets import ChangeSets
from simulator.control.stacks.stack_book import StackBook, invalid_call
from simulator.control.stacks.stack_inputs import parsed, template_text
from simulator.control.stacks.stack_pages import PAGE_MAX, StackPages
from simulator.control.stacks.stack_views import (
    change_set_summary,
    change_set_view,
    event_view,
    resource_detail,
    resource_summary,
    resource_view,
    stack_summary,
    stack_view,
    summary_view,
    validation_view,
)
from simulator.model.resources.stack import StackResource

Request = dict[str, Any]
Answer = dict[str, Any]
Operation = Callable[[Principal, Request], Answer]


class StackReads:
    def __init__(self, book: StackBook, sets: ChangeSets) -> None:
        self._book = book
        self._sets = sets
        self._pages = StackPages(book.context.pages)

    @property
    def named(self) -> dict[str, Operation]:
        """The operations, by name."""
        return {
            "DescribeChangeSet": self._change_set,
            "DescribeStackEvents": self._events,
            "DescribeStackResource": self._resource,
            "DescribeStackResources": self._resources,
            "DescribeStacks": self._describe,
            "GetTemplate": self._template,
            "GetTemplateSummary": self._summary,
            "ListChangeSets": self._change_sets,
            "ListExports": self._exports,
            "ListImports": self._imports,
            "ListStackResources": self._resource_list,
            "ListStacks": self._list,
            "ValidateTemplate": self._validate,
        }

    # --- stacks ----------------------------------------------------------------------------------------------------

    def _describe(self, principal: Principal, request: Request) -> Answer:
        name = request.get("StackName")
        found = self._book.living(principal) if name is None else [self._book.find(principal, name)]
        return self._pages.newest_first(found, stack_view, "Stacks", principal, "DescribeStacks", request)

    def _list(self, principal: Principal, request: Request) -> Answer:
        wanted = set(request.get("StackStatusFilter", ()))
        found = [each for each in self._book.all_of(principal) if not wanted or each.status in wanted]
        return self._pages.newest_first(found, stack_summary, "StackSummaries", principal, "ListStacks", request)

    def _change_set(self, principal: Principal, request: Request) -> Answer:
        change_set, stack = self._sets.find(principal, request)
        view = change_set_view(change_set, stack)
        page = self._pages.in_order(change_set.changes, dict, "Changes", principal, "DescribeChangeSet", request)
        return view | page

    def _change_sets(self, principal: Principal, request: Request) -> Answer:
        stack = self._book.find(principal, request["StackName"])
        sets = self._book.change_sets(stack.stack_id)
        return self._pages.newest_first(
            sets, lambda each: change_set_summary(each, stack), "Summaries", principal, "ListChangeSets", request
        )

    # --- resources, events, templates ------------------------------------------------------------------------------

    def _events(self, principal: Principal, request: Request) -> Answer:
        stack = self._named_stack(principal, request)
        found = self._book.events(stack.stack_id)
        return self._pages.newest_first(found, event_view, "StackEvents", principal, "DescribeStackEvents", request)

    def _resources(self, principal: Principal, request: Request) -> Answer:
        """Return at most a hundred resources, as AWS does: of a stack, or of the stack with a physical resource."""
        physical_id, wanted = request.get("PhysicalResourceId"), request.get("LogicalResourceId")
        if physical_id is None:
            stack = self._named_stack(principal, request)
        elif "StackName" in request:
            raise invalid_call("Both StackName and PhysicalResourceId cannot be specified.")
        else:
            stack = self._with_resource(principal, physical_id)
        members = [each for each in stack.members.values() if wanted in {None, each.logical_id}]
        return {"StackResources": [resource_view(stack, each) for each in members[:PAGE_MAX]]}

    def _resource(self, principal: Principal, request: Request) -> Answer:
        stack = self._book.find(principal, request["StackName"])
        member = stack.members.get(request["LogicalResourceId"])
        if member is None:
            raise invalid_call(f"Resource {request['LogicalResourceId']} does not exist for stack {stack.name}")
        return {"StackResourceDetail": resource_detail(stack, member)}

    def _resource_list(self, principal: Principal, request: Request) -> Answer:
        stack = self._book.find(principal, request["StackName"])
        return self._pages.in_order(
            list(stack.members.values()),
            resource_summary,
            "StackResourceSummaries",
            principal,
            "ListStackResources",
            request,
        )

    def _template(self, principal: Principal, request: Request) -> Answer:
        if "ChangeSetName" in request:
            text = self._sets.find(principal, request)[0].inputs.template
        else:
            text = self._named_stack(principal, request).inputs.template
        return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}

    def _summary(self, principal: Principal, request: Request) -> Answer:
        name = request.get("StackName")
        text = template_text(request, None) if name is None else self._book.find(principal, name).inputs.template
        template = parsed(text)
        return summary_view(template, sorted({each.type for each in template.resources.values()}))

    def _validate(self, _principal: Principal, request: Request) -> Answer:
        return validation_view(parsed(template_text(request, None)))

    def _exports(self, principal: Principal, request: Request) -> Answer:
        found = [
            {"ExportingStackId": stack.stack_id, "Name": name, "Value": value}
            for stack, name, value in self._book.exports(owner_key(principal))
        ]
        return self._pages.in_order(found, dict, "Exports", principal, "ListExports", request)

    def _imports(self, principal: Principal, request: Request) -> Answer:
        name = request["ExportName"]
        users = [each.name for each in self._book.living(principal) if name in each.imports]
        if not users:
            raise invalid_call(f"Export '{name}' is not imported by any stack.")
        return self._pages.in_order(users, str, "Imports", principal, "ListImports", request)

    # --- internals -------------------------------------------------------------------------------------------------

    def _named_stack(self, principal: Principal, request: Request) -> StackResource:
        if "StackName" not in request:
            raise invalid_call("StackName must be specified.")
        stack = self._book.find_any(principal, request["StackName"])
        if stack is None:
            raise invalid_call(f"Stack [{request['StackName']}] does not exist")
        return stack

    def _with_resource(self, principal: Principal, physical_id: str) -> StackResource:
        for stack in self._book.all_of(principal):
            if any(each.physical_id == physical_id for each in stack.members.values()):
                return stack
        raise invalid_call(f"Stack for {physical_id} does not exist")
