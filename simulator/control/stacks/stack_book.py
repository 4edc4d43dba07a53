"""The stacks, change sets and events in the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import orjson

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.stack import (
    ChangeSetResource,
    StackEventResource,
    StackMember,
    StackResource,
    StackStatus,
)

STACK_TYPE: Final = "AWS::CloudFormation::Stack"
_EVENTS_MAX: Final = 1000  # maximum number per stack


def invalid_call(message: str, hint: str = "") -> ApiError:
    """Return a ValidationError, CloudFormation's general error."""
    return ApiError("ValidationError", message, hint)


class StackBook:
    """Reads and changes stacks. Methods that change something must be called inside `registry.change()`."""

    def __init__(self, context: ApiContext) -> None:
        self.context = context
        self._registry = context.registry

    # --- reading ---------------------------------------------------------------------------------------------------

    def living(self, principal: Principal) -> list[StackResource]:
        """Return the caller's stacks that are not deleted, newest first."""
        return [each for each in self.all_of(principal) if not each.is_deleted]

    def all_of(self, principal: Principal) -> list[StackResource]:
        """Return the caller's stacks, including recently deleted ones, newest first."""
        return self._registry.owned_by(StackResource, owner_key(principal))[::-1]

    def find(self, principal: Principal, text: str) -> StackResource:
        """Return a stack by its name, or by its id even if it is deleted. Raises ValidationError."""
        found = self.find_any(principal, text)
        if found is None:
            raise invalid_call(f"Stack with id {text} does not exist")
        return found

    def find_any(self, principal: Principal, text: str) -> StackResource | None:
        if text.startswith("arn:"):
            stack = self._registry.get(StackResource, text)
            return stack if stack is not None and stack.owner_key == owner_key(principal) else None
        return next((each for each in self.living(principal) if each.name == text), None)

    def stack(self, stack_id: str) -> StackResource:
        """Return a stack that must exist."""
        found = self._registry.get(StackResource, stack_id)
        assert found is not None, stack_id
        return found

    def events(self, stack_id: str) -> list[StackEventResource]:
        """Return the events, newest first."""
        return self._registry.owned_by(StackEventResource, stack_id)[::-1]

    def change_sets(self, stack_id: str) -> list[ChangeSetResource]:
        return self._registry.owned_by(ChangeSetResource, stack_id)

    def exports(self, owner: str) -> Iterator[tuple[StackResource, str, str]]:
        """Yield each export: its stack, name and value."""
        for stack in self._registry.owned_by(StackResource, owner):
            if not stack.is_deleted:
                yield from ((stack, each.export, each.value) for each in stack.outputs if each.export)

    def importers(self, stack: StackResource, export: str) -> list[str]:
        """Return the names of the stacks that use an export."""
        others = self._registry.owned_by(StackResource, stack.owner_key)
        return [
            each.name
            for each in others
            if export in each.imports and not each.is_deleted and each.stack_id != stack.stack_id
        ]

    # --- changing --------------------------------------------------------------------------------------------------

    def put(self, stack: StackResource) -> StackResource:
        self._registry.put(stack)
        return stack

    def enter(self, stack: StackResource, status: StackStatus, reason: str = "") -> StackResource:
        """Set the next status of a stack, and record an event."""
        now = self.context.now()
        stack = replace(stack, status=status, reason=reason)
        if status is StackStatus.DELETE_COMPLETE:
            stack = replace(stack, deleted_at=now)
        self._event(stack, stack.name, stack.stack_id, STACK_TYPE, str(status), reason)
        return self.put(stack)

    def enter_member(
        self, stack: StackResource, member: StackMember, status: str, reason: str = "", *, kept: bool = True
    ) -> StackResource:
        """Set the next status of a stack's resource, and record an event.

        `kept`: True if it is a current member of the stack.
        """
        member = replace(member, status=status, reason=reason, updated_at=self.context.now())
        # the value of a NoEcho parameter may be in any property
        is_shown = bool(member.request) and not stack.inputs.hidden
        properties = orjson.dumps(member.request).decode() if is_shown else ""
        self._event(stack, member.logical_id, member.physical_id, member.type, status, reason, properties)
        if kept:
            stack = replace(stack, members=stack.members | {member.logical_id: member})
        return self.put(stack)

    def _event(
        self,
        stack: StackResource,
        logical_id: str,
        physical_id: str,
        kind: str,
        status: str,
        reason: str,
        properties: str = "",
    ) -> None:
        self._registry.put(
            StackEventResource(
                self.context.identifiers.uuid("stack event"),
                stack.stack_id,
                self._registry.next_number(),
                stack.name,
                logical_id,
                physical_id,
                kind,
                status,
                self.context.now(),
                reason,
                properties,
                stack.operation.token if stack.operation is not None else "",
            )
        )

    def tidy(self, stack_id: str) -> None:
        """Remove the oldest events beyond the limit."""
        for event in self.events(stack_id)[_EVENTS_MAX:]:
            self._registry.remove(event)

    def sweep(self) -> None:
        """Remove stacks that were deleted some time ago, with all that belongs to them."""
        now, kept_s = self.context.now(), self.context.settings.retention_s
        for stack in self._registry.all(StackResource):
            if stack.deleted_at is not None and now >= stack.deleted_at + kept_s:
                self.forget(stack)

    def forget(self, stack: StackResource) -> None:
        belongings: list[Any] = [*self.events(stack.stack_id), *self.change_sets(stack.stack_id), stack]
        for each in belongings:
            self._registry.remove(each)
