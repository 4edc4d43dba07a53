"""Runs of stacks, from the start of an operation to its end.

Each step is recorded, so that a restart continues the run.

The next step follows from the stack's status and members alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

from simulator.control.stacks.member_steps import KEEPING, MemberSteps, PrincipalOf
from simulator.control.stacks.resource_handlers import ResourceHandlers
from simulator.control.stacks.stack_book import StackBook
from simulator.control.stacks.stack_values import StackScope
from simulator.control.stacks.stack_walk import StackWalk, StepProgress, reversed_waits
from simulator.model.resources.stack import StackMember, StackOperation, StackOutput, StackResource, StackStatus
from simulator.rules.cloudformation.stack_plan import active, output_values
from simulator.rules.cloudformation.template_error import TemplateError
from simulator.world.tasks import Tasks

_S = StackStatus
_BY_USER: Final = "Rollback requested by user."


class StackRuns:
    """Runs the operations of stacks. `every_s`: interval at which handlers check resources in progress."""

    def __init__(
        self,
        book: StackBook,
        handlers: ResourceHandlers,
        *,
        principal_of: PrincipalOf,
        tasks: Tasks,
        every_s: float,
    ) -> None:
        self._book = book
        self._registry = book.context.registry
        self._steps = MemberSteps(book, handlers, principal_of)
        self._tasks = tasks
        self._every_s = every_s
        self._running: dict[str, asyncio.Task[None]] = {}
        self._phases = {
            _S.CREATE_IN_PROGRESS: self._forward,
            _S.UPDATE_IN_PROGRESS: self._forward,
            _S.ROLLBACK_IN_PROGRESS: self._delete,
            _S.DELETE_IN_PROGRESS: self._delete,
            _S.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: self._clean_up,
            _S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: self._clean_up,
            _S.UPDATE_ROLLBACK_IN_PROGRESS: self._return,
        }

    def resume(self) -> None:
        """Continue the runs that a restart has interrupted."""
        for stack in self._registry.all(StackResource):
            if stack.status.is_running:
                self.begin(stack.stack_id)

    def begin(self, stack_id: str) -> None:
        """Run the operation that the stack's status denotes. Call this after its commit."""
        self._running[stack_id] = self._tasks.spawn(self._run(stack_id), f"stack {stack_id}")

    async def settled(self) -> None:
        """Wait until no operation runs."""
        while self._running:
            await asyncio.wait(self._running.values())

    def interrupt(self, stack_id: str) -> None:
        """Cancel the run of a stack, if there is one, because another operation replaces it."""
        task = self._running.pop(stack_id, None)
        if task is not None:
            task.cancel()

    async def _run(self, stack_id: str) -> None:
        while (stack := self._book.stack(stack_id)).status.is_running:
            status = stack.status
            await self._phases[status](stack_id)
        with self._registry.change(background=True):
            self._book.tidy(stack_id)
        self._running.pop(stack_id, None)

    # --- forward ---------------------------------------------------------------------------------------------------

    async def _forward(self, stack_id: str) -> None:
        stack, operation = self._current(stack_id)
        try:
            scope = self._scope(stack)
            wanted = {each.logical_id: each for each in active(scope.template, scope.evaluation)}
        except TemplateError as error:
            return self._fail(stack_id, str(error))
        goes_on = operation.on_failure == "DO_NOTHING"
        walk = StackWalk(
            {name: each.needs for name, each in wanted.items()},
            lambda name: self._steps.begin(stack_id, wanted[name], lambda: self._scope(self._book.stack(stack_id))),
            lambda name: self._steps.check(stack_id, name),
            every_s=self._every_s,
            stops=not goes_on,
        )
        await walk.go()
        if walk.failed:
            for name in walk.running:
                self._steps.cancel(stack_id, name)
            return self._fail(stack_id, self._failed_text(stack_id, [*walk.failed, *walk.running]))
        return self._complete(stack_id, set(wanted))

    def _complete(self, stack_id: str, wanted: Collection[str]) -> None:
        """Complete a creation or an update whose resources all exist."""
        stack, operation = self._current(stack_id)
        try:
            scope = self._scope(stack)
            values = output_values(scope.template, scope.evaluation)
            for each in active(scope.template, scope.evaluation):
                scope.evaluation.value(dict(each.properties))  # evaluated because of the exports that they import
            outputs = tuple(StackOutput(each.name, each.value, each.description, each.export) for each in values)
            self._check_exports(stack, outputs)
        except TemplateError as error:
            return self._fail(stack_id, str(error))
        removed = [each for name, each in stack.members.items() if name not in wanted]
        members = {name: each for name, each in stack.members.items() if name in wanted}
        gone = [each for each in removed if each.physical_id and not each.status.startswith("DELETE")]
        stack = replace(stack, outputs=outputs, imports=tuple(sorted(scope.imports)), members=members)
        with self._registry.change(background=True):
            if stack.status is _S.CREATE_IN_PROGRESS:
                self._book.enter(replace(stack, operation=None), _S.CREATE_COMPLETE)
            else:
                operation = replace(operation, obsolete=(*operation.obsolete, *gone), done=())
                self._book.enter(replace(stack, operation=operation), _S.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS)
        return None

    def _check_exports(self, stack: StackResource, outputs: Collection[StackOutput]) -> None:
        """Raise TemplateError if another stack has the same export, or an export that another stack uses is missing."""
        new = {each.export for each in outputs if each.export}
        for other, name, _ in self._book.exports(stack.owner_key):
            if name in new and other.stack_id != stack.stack_id:
                raise TemplateError(f"Export with name {name} is already exported by stack {other.name}.")
        for before in stack.outputs:
            users = self._book.importers(stack, before.export) if before.export and before.export not in new else []
            if users:
                raise TemplateError(
                    f"Export {before.export} cannot be deleted as it is in use by {', '.join(sorted(users))}"
                )

    def _fail(self, stack_id: str, reason: str) -> None:
        """End a creation or an update after a failure: roll back, or leave everything as it is."""
        stack, operation = self._current(stack_id)
        creates = stack.status is _S.CREATE_IN_PROGRESS
        if operation.on_failure == "DO_NOTHING":
            status = _S.CREATE_FAILED if creates else _S.UPDATE_FAILED
        elif operation.on_failure == "DELETE":
            status = _S.DELETE_IN_PROGRESS
        else:
            status = _S.ROLLBACK_IN_PROGRESS if creates else _S.UPDATE_ROLLBACK_IN_PROGRESS
            reason = f"{reason.rstrip()} {_BY_USER}" if creates else reason
        with self._registry.change(background=True):
            self.enter_rollback(stack, status, reason)

    def enter_rollback(self, stack: StackResource, status: StackStatus, reason: str = "") -> StackResource:
        """Set the status of a stack after a failure. A rollback begins with the state before the operation."""
        operation = stack.operation
        assert operation is not None, stack.stack_id
        if status is _S.UPDATE_ROLLBACK_IN_PROGRESS:
            inputs = operation.before
            assert inputs is not None, stack.stack_id
            operation = replace(operation, obsolete=(), done=())
            stack = replace(stack, inputs=inputs, outputs=operation.outputs_before)
        elif status is not _S.UPDATE_FAILED and status is not _S.CREATE_FAILED:
            operation = replace(operation, done=())
        return self._book.enter(replace(stack, operation=operation), status, reason)

    # --- rollback --------------------------------------------------------------------------------------------------

    async def _return(self, stack_id: str) -> None:
        stack, operation = self._current(stack_id)
        before = operation.members_before
        walk = StackWalk(
            {name: each.needs for name, each in before.items() if name in stack.members},
            lambda name: self._steps.begin_return(stack_id, name),
            lambda name: self._steps.check(stack_id, name),
            every_s=self._every_s,
        )
        await walk.go()
        if walk.failed:
            reason = self._failed_text(stack_id, walk.failed)
            with self._registry.change(background=True):
                self._book.enter(self._book.stack(stack_id), _S.UPDATE_ROLLBACK_FAILED, reason)
            return
        stack, operation = self._current(stack_id)
        added = [each for name, each in stack.members.items() if name not in before]
        obsolete = (*operation.obsolete, *(replace(each, deletion_policy="Delete") for each in added))
        members = {name: stack.members.get(name, each) for name, each in before.items()}
        stack = replace(stack, members=members, operation=replace(operation, obsolete=obsolete, done=()))
        with self._registry.change(background=True):
            self._book.enter(stack, _S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS)

    # --- deletion --------------------------------------------------------------------------------------------------

    async def _clean_up(self, stack_id: str) -> None:
        await self._delete_obsolete(stack_id)
        stack, _ = self._current(stack_id)
        rolled_back = stack.status is _S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS
        with self._registry.change(background=True):
            status = _S.UPDATE_ROLLBACK_COMPLETE if rolled_back else _S.UPDATE_COMPLETE
            self._book.enter(replace(stack, operation=None), status)

    async def _delete_obsolete(self, stack_id: str) -> None:
        """Delete what an update has replaced or removed. What cannot be deleted stays, with an event."""
        _, operation = self._current(stack_id)
        obsolete = {f"{each.logical_id} {each.physical_id}": each for each in operation.obsolete}
        names = {each.logical_id: key for key, each in obsolete.items()}
        needs = {key: [names[each] for each in member.needs if each in names] for key, member in obsolete.items()}
        await self._deletion(stack_id, obsolete, needs, kept=False, keeps=lambda each: each.deletion_policy in KEEPING)

    async def _delete(self, stack_id: str) -> None:
        """Delete the resources of a stack, or those of a failed creation."""
        stack, operation = self._current(stack_id)
        creates = stack.status is _S.ROLLBACK_IN_PROGRESS
        keeping = KEEPING if creates else KEEPING | {"RetainExceptOnCreate"}
        members = {name: each for name, each in stack.members.items() if each.status != "DELETE_COMPLETE"}
        failed = await self._deletion(
            stack_id,
            members,
            {name: each.needs for name, each in members.items()},
            kept=True,
            keeps=lambda each: each.logical_id in operation.retained or each.deletion_policy in keeping,
        )
        await self._delete_obsolete(stack_id)
        stack, _ = self._current(stack_id)
        with self._registry.change(background=True):
            if failed:
                reason = f"The following resource(s) failed to delete: [{', '.join(sorted(failed))}]. "
                self._book.enter(stack, _S.ROLLBACK_FAILED if creates else _S.DELETE_FAILED, reason)
            else:
                stack = replace(stack, operation=None, outputs=(), imports=())
                self._book.enter(stack, _S.ROLLBACK_COMPLETE if creates else _S.DELETE_COMPLETE)

    async def _deletion(
        self,
        stack_id: str,
        members: Mapping[str, StackMember],
        needs: Mapping[str, Collection[str]],
        *,
        kept: bool,
        keeps: Callable[[StackMember], bool],
    ) -> list[str]:
        """Delete resources, each after those that depend on it. Return the names of those that were not deleted."""

        def begin(name: str) -> StepProgress:
            member = members[name]
            return self._steps.begin_delete(stack_id, member, kept=kept, keeps=keeps(member))

        walk = StackWalk(
            reversed_waits({name: set(needs[name]) for name in members}),
            begin,
            lambda name: self._steps.check_delete(stack_id, members[name], kept=kept),
            every_s=self._every_s,
        )
        await walk.go()
        return walk.failed

    # --- internals -------------------------------------------------------------------------------------------------

    def _current(self, stack_id: str) -> tuple[StackResource, StackOperation]:
        stack = self._book.stack(stack_id)
        assert stack.operation is not None, stack_id
        return stack, stack.operation

    def _scope(self, stack: StackResource) -> StackScope:
        return StackScope(self._book, stack, stack.inputs, stack.members)

    def _failed_text(self, stack_id: str, failed: Collection[str]) -> str:
        """Return AWS's sentence about the resources that failed."""
        members = self._book.stack(stack_id).members
        text = ""
        for verb in ("create", "update"):
            status = f"{verb.upper()}_FAILED"
            names = [name for name in failed if name in members and members[name].status == status]
            text += f"The following resource(s) failed to {verb}: [{', '.join(names)}]. " if names else ""
        return text
