"""The steps of one resource in a run of its stack: create, update, replace, roll back, delete."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from simulator.control.principal import Principal
from simulator.control.stacks.resource_handlers import (
    HandledResource,
    HandlerState,
    ResourceHandlers,
    explicit_name,
    handler_reason,
    name_length,
    not_stabilized,
)
from simulator.control.stacks.stack_book import StackBook
from simulator.control.stacks.stack_walk import StepProgress
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.stack import StackMember, StackOperation, StackResource
from simulator.rules.cloudformation.resource_types import RESOURCE_TYPES
from simulator.rules.cloudformation.stack_plan import desired_request, difference
from simulator.rules.cloudformation.template import TemplateResource
from simulator.rules.cloudformation.template_error import TemplateError

_ALPHABET: Final = string.ascii_letters + string.digits
_RANDOM: Final = 12  # number of characters at the end of a generated name

INITIATED: Final = "Resource creation Initiated"
REPLACED: Final = "Requested update requires the creation of a new physical resource; hence creating one."
KEEPING: Final = frozenset({"Retain", "Snapshot"})

PrincipalOf = Callable[[StackResource], Principal]


class MemberSteps:
    """The steps of resources.

    `principal_of` returns the caller of a stack's operation; it raises ApiError if its key no longer exists.
    """

    def __init__(self, book: StackBook, handlers: ResourceHandlers, principal_of: PrincipalOf) -> None:
        self._book = book
        self._registry = book.context.registry
        self._handlers = handlers
        self._principal_of = principal_of

    # --- forward ---------------------------------------------------------------------------------------------------

    def begin(self, stack_id: str, resource: TemplateResource, scope_of: Callable[[], Any]) -> StepProgress:
        """Begin to create or update a resource as its template specifies.

        `scope_of` returns the current scope of the stack.
        """
        stack, operation = self._current(stack_id)
        name = resource.logical_id
        if name in operation.done:
            return StepProgress.DONE
        present = stack.members.get(name)
        try:
            request = desired_request(resource, scope_of().evaluation)
        except TemplateError as error:
            status = "CREATE_FAILED" if present is None else "UPDATE_FAILED"
            return self._failed(stack, present or self._new(resource, {}), str(error), status=status)
        if present is not None and present.status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
            return self._resumed(stack, present, request)
        if present is None or not present.physical_id or present.status.startswith("DELETE"):
            return self._created(stack, self._new(resource, request), "CREATE_IN_PROGRESS")
        return self._changed(stack, _with_policies(present, resource), resource, request)

    def _resumed(self, stack: StackResource, present: StackMember, request: dict[str, Any]) -> StepProgress:
        """Continue a step that a restart has interrupted, perhaps between a call and its record."""
        if not present.physical_id:
            return self._made_again(stack, present)
        return StepProgress.RUNNING if present.request == request else self._updated_later(stack, present, request)

    def _changed(
        self, stack: StackResource, present: StackMember, resource: TemplateResource, request: dict[str, Any]
    ) -> StepProgress:
        """Begin the transition of a resource to the properties `request`: nothing, an update, or a replacement."""
        operation = stack.operation
        assert operation is not None, stack.stack_id
        properties, create_only = difference(resource.type, present.request, request)
        kind = RESOURCE_TYPES.get(resource.type)
        if present.status == "CREATE_FAILED" and kind is not None and kind.is_updatable:
            return self._updated(stack, present, request)
        if not properties:
            return self._finished(stack, present, None)
        if create_only & set(properties):
            with self._registry.change(background=True):
                left = replace(present, deletion_policy=present.replace_policy)
                operation = replace(operation, obsolete=(*operation.obsolete, left))
                stack = self._book.put(replace(stack, operation=operation))
            return self._created(stack, self._new(resource, request), "UPDATE_IN_PROGRESS", REPLACED)
        return self._updated(stack, present, request)

    def check(self, stack_id: str, name: str) -> StepProgress:
        """Return whether a resource that was created or updated is ready."""
        stack, operation = self._current(stack_id)
        member = stack.members[name]
        try:
            found = self._handlers.read(self._principal_of(stack), member)
        except ApiError as error:
            return self._failed(stack, member, handler_reason(error, operation.token))
        if found.state is HandlerState.PENDING:
            return StepProgress.RUNNING
        if found.state is not HandlerState.READY:
            return self._failed(stack, member, not_stabilized(member, operation.token))
        return self._finished(stack, member, found)

    def cancel(self, stack_id: str, name: str) -> None:
        """Cancel a resource in progress, because another one has failed."""
        stack, _ = self._current(stack_id)
        member = stack.members.get(name)
        if member is not None and member.status.endswith("_IN_PROGRESS"):
            kind = "update" if member.status.startswith("UPDATE") else "creation"
            self._failed(stack, member, f"Resource {kind} cancelled")

    # --- rollback --------------------------------------------------------------------------------------------------

    def begin_return(self, stack_id: str, name: str) -> StepProgress:
        """Begin to roll back a resource to its properties before the update."""
        stack, operation = self._current(stack_id)
        before, now = operation.members_before[name], stack.members[name]
        if name in operation.done:
            return StepProgress.DONE
        if now.physical_id != before.physical_id:
            with self._registry.change(background=True):
                obsolete = (*operation.obsolete, now) if now.physical_id else operation.obsolete
                stack = replace(stack, operation=replace(operation, obsolete=obsolete))
                stack = self._book.put(replace(stack, members=stack.members | {name: before}))
            return self._finished(stack, before, None, is_recorded=True)
        if now.request != before.request:
            return self._updated_later(stack, now, before.request)
        if now.status == "UPDATE_IN_PROGRESS":
            return StepProgress.RUNNING
        return self._finished(stack, replace(before, status=now.status), None, is_recorded=now.status != before.status)

    # --- deletion --------------------------------------------------------------------------------------------------

    def begin_delete(self, stack_id: str, member: StackMember, *, kept: bool, keeps: bool) -> StepProgress:
        """Begin to delete a resource.

        `kept`: True if it is a current member of the stack; `keeps`: True if its policy retains it.
        """
        stack, operation = self._current(stack_id)
        if keeps:
            with self._registry.change(background=True):
                self._book.enter_member(stack, member, "DELETE_SKIPPED", kept=kept)
            return StepProgress.DONE
        if not member.physical_id:
            return self._deleted(stack, member, kept=kept)
        try:
            if not self._handlers.delete(self._principal_of(stack), member):
                return StepProgress.LATER
        except ApiError as error:
            reason = handler_reason(error, operation.token)
            with self._registry.change(background=True):
                self._book.enter_member(stack, member, "DELETE_FAILED", reason, kept=kept)
            return StepProgress.FAILED
        with self._registry.change(background=True):
            self._book.enter_member(stack, member, "DELETE_IN_PROGRESS", kept=kept)
        return self.check_delete(stack_id, member, kept=kept)

    def check_delete(self, stack_id: str, member: StackMember, *, kept: bool) -> StepProgress:
        stack, operation = self._current(stack_id)
        reason = not_stabilized(member, operation.token)
        try:
            is_gone = self._handlers.is_gone(self._principal_of(stack), member)
        except ApiError as error:
            is_gone, reason = None, handler_reason(error, operation.token)
        if is_gone is None:
            with self._registry.change(background=True):
                self._book.enter_member(stack, member, "DELETE_FAILED", reason, kept=kept)
            return StepProgress.FAILED
        return self._deleted(stack, member, kept=kept) if is_gone else StepProgress.RUNNING

    def _deleted(self, stack: StackResource, member: StackMember, *, kept: bool) -> StepProgress:
        with self._registry.change(background=True):
            self._book.enter_member(stack, member, "DELETE_COMPLETE", kept=kept)
        return StepProgress.DONE

    # --- internals -------------------------------------------------------------------------------------------------

    def _current(self, stack_id: str) -> tuple[StackResource, StackOperation]:
        stack = self._book.stack(stack_id)
        assert stack.operation is not None, stack_id
        return stack, stack.operation

    def _new(self, resource: TemplateResource, request: dict[str, Any]) -> StackMember:
        member = StackMember(
            resource.logical_id,
            resource.type,
            "",
            self._book.context.now(),
            name=explicit_name(resource.type, request),
            request=request,
            started_at=self._book.context.now(),
        )
        return _with_policies(member, resource)

    def _generated(self, stack: StackResource, member: StackMember) -> str:
        """Return a name made from stack and logical id, as CloudFormation does."""
        number = int(self._book.context.identifiers.hexadecimal("physical id"), 16)
        ending = ""
        for _ in range(_RANDOM):
            number, index = divmod(number, len(_ALPHABET))
            ending += _ALPHABET[index]
        # ASSUMPTION: names of App Runner types begin with the logical id (facts 15.2), those of others with the stack's
        # name. A template without names would settle it.
        head = member.logical_id if member.type in RESOURCE_TYPES else f"{stack.name}-{member.logical_id}"
        return f"{head[: name_length(member.type) - _RANDOM - 1]}-{ending}"

    def _created(self, stack: StackResource, member: StackMember, status: str, reason: str = "") -> StepProgress:
        with self._registry.change(background=True):
            member = member if member.name else replace(member, name=self._generated(stack, member))
            stack = self._book.enter_member(stack, member, status, reason)
        return self._called(stack, stack.members[member.logical_id])

    def _made_again(self, stack: StackResource, member: StackMember) -> StepProgress:
        """Continue a creation after a restart between the call and its record."""
        try:
            found = self._handlers.made_before(self._principal_of(stack), member)
        except ApiError as error:
            return self._failed(stack, member, handler_reason(error, _token(stack)))
        return self._called(stack, member) if found is None else self._initiated(stack, member, found)

    def _called(self, stack: StackResource, member: StackMember) -> StepProgress:
        try:
            found = self._handlers.create(self._principal_of(stack), member, stack.inputs.tags)
        except ApiError as error:
            return self._failed(stack, member, handler_reason(error, _token(stack)))
        return self._initiated(stack, member, found)

    def _initiated(self, stack: StackResource, member: StackMember, found: HandledResource) -> StepProgress:
        member = replace(member, physical_id=found.physical_id, ref=found.ref, attributes=found.attributes)
        with self._registry.change(background=True):
            stack = self._book.enter_member(stack, member, member.status, INITIATED)
        if found.state is HandlerState.READY:
            return self._finished(stack, stack.members[member.logical_id], found)
        return StepProgress.RUNNING

    def _updated(self, stack: StackResource, member: StackMember, request: Mapping[str, Any]) -> StepProgress:
        with self._registry.change(background=True):
            stack = self._book.enter_member(stack, member, "UPDATE_IN_PROGRESS")
        try:
            found = self._handlers.update(self._principal_of(stack), member, request)
        except ApiError as error:
            return self._failed(stack, member, handler_reason(error, _token(stack)), status="UPDATE_FAILED")
        member = replace(stack.members[member.logical_id], request=dict(request), ref=found.ref)
        with self._registry.change(background=True):
            stack = self._book.put(replace(stack, members=stack.members | {member.logical_id: member}))
        if found.state is HandlerState.READY:
            return self._finished(stack, member, found)
        return StepProgress.RUNNING

    def _updated_later(self, stack: StackResource, member: StackMember, request: Mapping[str, Any]) -> StepProgress:
        """Update a resource as soon as its current operation has ended."""
        try:
            found = self._handlers.read(self._principal_of(stack), member)
        except ApiError as error:
            return self._failed(stack, member, handler_reason(error, _token(stack)), status="UPDATE_FAILED")
        if found.state is HandlerState.PENDING:
            return StepProgress.LATER
        return self._updated(stack, member, request)

    def _finished(
        self, stack: StackResource, member: StackMember, found: HandledResource | None, *, is_recorded: bool = False
    ) -> StepProgress:
        """Record that the step of a resource has ended, with an event if its status changed."""
        operation = stack.operation
        assert operation is not None, stack.stack_id
        stack = replace(stack, operation=replace(operation, done=(*operation.done, member.logical_id)))
        with self._registry.change(background=True):
            if found is not None:
                member = replace(member, attributes=found.attributes, ref=found.ref)
            if found is None and not is_recorded:
                self._book.put(replace(stack, members=stack.members | {member.logical_id: member}))
            else:
                created = member.status.startswith("CREATE") and found is not None
                self._book.enter_member(stack, member, "CREATE_COMPLETE" if created else "UPDATE_COMPLETE")
        return StepProgress.DONE

    def _failed(self, stack: StackResource, member: StackMember, reason: str, *, status: str = "") -> StepProgress:
        if not status:
            status = "UPDATE_FAILED" if member.status.startswith("UPDATE") else "CREATE_FAILED"
        with self._registry.change(background=True):
            self._book.enter_member(stack, member, status, reason)
        return StepProgress.FAILED


def _with_policies(member: StackMember, resource: TemplateResource) -> StackMember:
    return replace(
        member,
        needs=tuple(sorted(resource.needs)),
        deletion_policy=resource.deletion_policy,
        replace_policy=resource.replace_policy,
    )


def _token(stack: StackResource) -> str:
    return stack.operation.token if stack.operation is not None else ""
