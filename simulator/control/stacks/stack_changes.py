"""Functions that change sets and direct calls share: plans of a stack's changes, and the start of its operations."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final, NamedTuple

from simulator.control.principal import Principal
from simulator.control.stacks.stack_book import StackBook, invalid_call
from simulator.control.stacks.stack_inputs import stack_inputs
from simulator.control.stacks.stack_runs import StackRuns
from simulator.control.stacks.stack_values import StackScope
from simulator.model.resources.stack import (
    UPDATABLE,
    StackInputs,
    StackOperation,
    StackOutput,
    StackResource,
    StackStatus,
)
from simulator.rules.cloudformation.stack_plan import ResourceChange, changes, output_values
from simulator.rules.cloudformation.template import Template

Request = dict[str, Any]

_S = StackStatus
_USER: Final = "User Initiated"
_NAME: Final = re.compile("[a-zA-Z][-a-zA-Z0-9]*")
_NAME_MAX: Final = 128


class PlannedChanges(NamedTuple):
    """The planned changes of a stack. `is_empty`: True if neither resources nor outputs nor tags change."""

    changes: list[ResourceChange]
    is_empty: bool


class StackChanges:
    """Plans changes and starts operations.

    `accepted`: types of other services, which stacks may contain without effect.
    """

    def __init__(self, book: StackBook, runs: StackRuns, accepted: Collection[str]) -> None:
        self._book = book
        self._registry = book.context.registry
        self._runs = runs
        self._accepted = frozenset(accepted)

    # --- before an operation ---------------------------------------------------------------------------------------

    def inputs(self, request: Request, stack: StackResource | None) -> StackInputs:
        """Return the validated inputs of a request. Raises ApiError."""
        return stack_inputs(request, stack, self._accepted)

    def planned(self, stack: StackResource, inputs: StackInputs) -> PlannedChanges:
        """Return what an operation with `inputs` would change. Raises TemplateError."""
        present = {
            name: each
            for name, each in stack.members.items()
            if each.physical_id and not each.status.startswith("DELETE")
        }
        scope = StackScope(self._book, stack, inputs, present, later=set())
        found = changes(scope.template, scope.evaluation, scope.values, present)
        values = output_values(scope.template, scope.evaluation)
        outputs = tuple(StackOutput(each.name, each.value, each.description, each.export) for each in values)
        same = outputs == stack.outputs and inputs.tags == stack.inputs.tags
        # After an operation that failed and was not rolled back, an operation with the same inputs continues it.
        failed = stack.status in {_S.CREATE_FAILED, _S.UPDATE_FAILED}
        return PlannedChanges(found, not found and same and not failed)

    def check_updatable(self, stack: StackResource) -> None:
        """Raise ValidationError if the stack's status permits no update."""
        if stack.status not in UPDATABLE:
            raise invalid_call(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")

    def new_id(self, principal: Principal, kind: str, name: str) -> str:
        unique = self._book.context.identifiers.uuid(kind)
        return f"arn:aws:cloudformation:{principal.region}:{principal.account}:{kind}/{name}/{unique}"

    def new_stack(self, principal: Principal, request: Request, status: StackStatus) -> StackResource:
        """Return a stack that is not stored yet. Raises ValidationError for an id in place of a name."""
        name = request["StackName"]
        if name.startswith("arn:"):
            raise invalid_call(f"Stack [{name}] does not exist")
        if _NAME.fullmatch(name) is None:
            raise invalid_call(
                f"1 validation error detected: Value '{name[:_NAME_MAX]}' at 'stackName' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {_NAME.pattern}"
            )
        if len(name) > _NAME_MAX:
            raise invalid_call(
                f"1 validation error detected: Value '{name[:_NAME_MAX]}...' at 'stackName' failed to satisfy "
                f"constraint: Member must have length less than or equal to {_NAME_MAX}"
            )
        return StackResource(
            self.new_id(principal, "stack", name),
            self._registry.next_number(),
            principal.account,
            principal.region,
            name,
            status,
            self._book.context.now(),
            StackInputs(""),
        )

    # --- operations ------------------------------------------------------------------------------------------------

    def begin_creation(self, principal: Principal, stack: StackResource, on_failure: str) -> None:
        stack = replace(stack, description=Template.parse(stack.inputs.template).description)
        self._begin(principal, stack, StackOperation(self._token(), on_failure), _S.CREATE_IN_PROGRESS)

    def begin_update(self, principal: Principal, stack: StackResource, inputs: StackInputs, on_failure: str) -> None:
        last = stack.operation
        operation = StackOperation(
            self._token(), on_failure, stack.inputs, dict(stack.members), outputs_before=stack.outputs
        )
        if stack.status is _S.UPDATE_FAILED and last is not None:  # a rollback returns to the last stable state
            operation = replace(
                operation,
                before=last.before,
                members_before=last.members_before,
                outputs_before=last.outputs_before,
                obsolete=last.obsolete,
            )
        stack = replace(
            stack,
            inputs=inputs,
            updated_at=self._book.context.now(),
            description=Template.parse(inputs.template).description,
            members=self._without_deleted(stack),
        )
        self._begin(principal, stack, operation, _S.UPDATE_IN_PROGRESS)

    def begin_deletion(self, principal: Principal, stack: StackResource, retained: Collection[str]) -> None:
        self._runs.interrupt(stack.stack_id)
        left = stack.operation.obsolete if stack.operation is not None else ()
        operation = StackOperation(self._token(), retained=tuple(retained), obsolete=left)
        self._begin(principal, stack, operation, _S.DELETE_IN_PROGRESS)

    def begin_rollback(self, principal: Principal, stack: StackResource, skipped: Collection[str] = ()) -> None:
        """Roll back the result of a failed operation, or a running update.

        `skipped`: resources that are left as they are.
        """
        operation = stack.operation
        assert operation is not None, stack.stack_id
        self._runs.interrupt(stack.stack_id)
        creates = stack.status is _S.CREATE_FAILED
        status = _S.ROLLBACK_IN_PROGRESS if creates else _S.UPDATE_ROLLBACK_IN_PROGRESS
        stack = self._by(principal, stack)
        stack = self._runs.enter_rollback(stack, status, _USER)
        if skipped and stack.operation is not None:
            self._book.put(replace(stack, operation=replace(stack.operation, done=tuple(skipped))))
        self._registry.after_commit(lambda: self._runs.begin(stack.stack_id))

    # --- internals -------------------------------------------------------------------------------------------------

    def _begin(
        self, principal: Principal, stack: StackResource, operation: StackOperation, status: StackStatus
    ) -> None:
        stack = replace(self._by(principal, stack), operation=operation)
        self._book.enter(stack, status, _USER)
        self._registry.after_commit(lambda: self._runs.begin(stack.stack_id))

    def _by(self, principal: Principal, stack: StackResource) -> StackResource:
        return replace(stack, access_key=principal.access_key, source_ip=principal.source_ip)

    def _token(self) -> str:
        return self._book.context.identifiers.uuid("stack operation")

    def _without_deleted(self, stack: StackResource) -> dict[str, Any]:
        return {name: each for name, each in stack.members.items() if not each.status.startswith("DELETE")}
