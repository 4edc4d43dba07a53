"""Change sets: the planned changes of a stack, created, described, executed and deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from simulator.control.principal import Principal
from simulator.control.stacks.stack_book import StackBook, invalid_call
from simulator.control.stacks.stack_changes import StackChanges
from simulator.control.stacks.stack_views import change_view
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.stack import ChangeSetResource, StackResource, StackStatus
from simulator.rules.cloudformation.template_error import TemplateError

Request = dict[str, Any]
Answer = dict[str, Any]

NOTHING_CHANGES: Final = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
_TYPES: Final = ("CREATE", "UPDATE")


class ChangeSets:
    def __init__(self, book: StackBook, changes: StackChanges) -> None:
        self._book = book
        self._registry = book.context.registry
        self._changes = changes

    # --- operations ------------------------------------------------------------------------------------------------

    def create(self, principal: Principal, request: Request) -> Answer:
        kind, name = request.get("ChangeSetType", "UPDATE"), request["ChangeSetName"]
        if kind not in _TYPES:
            raise invalid_call(f"ChangeSetType = {kind}, must be CREATE or UPDATE: others are not supported here.")
        stack = self._book.find_any(principal, request["StackName"])
        if kind == "CREATE":
            stack = self._for_creation(principal, stack, request)
        elif stack is None or stack.is_deleted:
            raise invalid_call(f"Stack [{request['StackName']}] does not exist")
        else:
            self._changes.check_updatable(stack)
        if any(each.name == name for each in self._book.change_sets(stack.stack_id)):
            raise ApiError("AlreadyExistsException", f"ChangeSet {name} already exists")
        before = None if stack.status is StackStatus.REVIEW_IN_PROGRESS else stack
        inputs = self._changes.inputs(request, before)
        change_set = ChangeSetResource(
            self._changes.new_id(principal, "changeSet", name),
            stack.stack_id,
            self._registry.next_number(),
            name,
            kind,
            "CREATE_COMPLETE",
            "AVAILABLE",
            self._book.context.now(),
            inputs,
            description=request.get("Description", ""),
            on_failure=request.get("OnStackFailure", "ROLLBACK"),
        )
        if stack.status is StackStatus.REVIEW_IN_PROGRESS and self._registry.get(StackResource, stack.stack_id) is None:
            self._book.enter(stack, StackStatus.REVIEW_IN_PROGRESS, "User Initiated")
        try:
            planned = self._changes.planned(stack, inputs)
        except TemplateError as error:
            change_set = replace(change_set, status="FAILED", execution_status="UNAVAILABLE", reason=str(error))
        else:
            change_set = replace(change_set, changes=tuple(change_view(each) for each in planned.changes))
            if planned.is_empty and kind == "UPDATE":
                change_set = replace(
                    change_set, status="FAILED", execution_status="UNAVAILABLE", reason=NOTHING_CHANGES
                )
        self._registry.put(change_set)
        return {"Id": change_set.change_set_id, "StackId": stack.stack_id}

    def execute(self, principal: Principal, request: Request) -> Answer:
        change_set, stack = self.find(principal, request)
        if change_set.execution_status != "AVAILABLE":
            raise ApiError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current execution status of "
                f"[{change_set.execution_status}]",
            )
        disables = bool(request.get("DisableRollback"))
        on_failure = "DO_NOTHING" if disables else change_set.on_failure
        for each in self._book.change_sets(stack.stack_id):
            if each.change_set_id != change_set.change_set_id:
                self._registry.remove(each)
        self._registry.put(replace(change_set, execution_status="EXECUTE_COMPLETE"))
        stack = replace(stack, change_set_id=change_set.change_set_id)
        if stack.status is StackStatus.REVIEW_IN_PROGRESS:
            stack = replace(stack, inputs=change_set.inputs, disable_rollback=disables)
            self._changes.begin_creation(principal, stack, on_failure)
        else:
            self._changes.check_updatable(stack)
            self._changes.begin_update(principal, stack, change_set.inputs, on_failure)
        return {}

    def delete(self, principal: Principal, request: Request) -> Answer:
        try:
            change_set, _ = self.find(principal, request)
        except ApiError as error:
            if error.code == "ChangeSetNotFound":
                return {}
            raise
        self._registry.remove(change_set)
        return {}

    def find(self, principal: Principal, request: Request) -> tuple[ChangeSetResource, StackResource]:
        """Return a change set by its id, or by its name and its stack. Raises ChangeSetNotFound or ValidationError."""
        name = request["ChangeSetName"]
        if name.startswith("arn:"):
            found = self._registry.get(ChangeSetResource, name)
            stack = None if found is None else self._book.find_any(principal, found.stack_id)
            if found is not None and stack is not None:
                return found, stack
        else:
            if "StackName" not in request:
                raise invalid_call("StackName must be specified if ChangeSetName is not specified as an ARN.")
            stack = self._book.find_any(principal, request["StackName"])
            if stack is None:
                raise invalid_call(f"Stack [{request['StackName']}] does not exist")
            for each in self._book.change_sets(stack.stack_id):
                if each.name == name:
                    return each, stack
        raise ApiError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")

    # --- internals -------------------------------------------------------------------------------------------------

    def _for_creation(self, principal: Principal, stack: StackResource | None, request: Request) -> StackResource:
        if stack is None or stack.is_deleted:
            return self._changes.new_stack(principal, request, StackStatus.REVIEW_IN_PROGRESS)
        if stack.status is not StackStatus.REVIEW_IN_PROGRESS:
            raise ApiError(
                "AlreadyExistsException",
                f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
                f"[{request['ChangeSetName']}].",
            )
        return stack
