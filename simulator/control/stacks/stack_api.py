"""CloudFormation's operations on stacks of App Runner resources.

`handle` is synchronous, as in the whole control plane: the change is committed when it returns, and the run of the
stack continues in a task.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from simulator.control.access_requests import general_keys
from simulator.control.api_context import ApiContext
from simulator.control.assets.template_sources import TemplateSources
from simulator.control.audit import Audit, EventSource, is_read
from simulator.control.principal import Principal
from simulator.control.stacks.change_sets import ChangeSets
from simulator.control.stacks.resource_handlers import Call, ResourceHandlers
from simulator.control.stacks.stack_book import StackBook, invalid_call
from simulator.control.stacks.stack_changes import StackChanges
from simulator.control.stacks.stack_inputs import FETCHED_PARAMETERS, FETCHED_TEMPLATE, stored_names
from simulator.control.stacks.stack_reads import StackReads
from simulator.control.stacks.stack_runs import StackRuns
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.stack import StackResource, StackStatus
from simulator.rules.cloudformation.template_error import TemplateError
from simulator.rules.iam.access_request import EVERY_RESOURCE, AccessRequest
from simulator.rules.iam.evaluation import decide
from simulator.rules.iam.identity import IamIdentity
from simulator.world.tasks import Tasks

Request = dict[str, Any]
Answer = dict[str, Any]
Operation = Callable[[Principal, Request], Answer]

_S = StackStatus
_USER_AGENT: Final = "cloudformation.amazonaws.com"
_SOURCE: Final = EventSource.CLOUDFORMATION
_WITH_PARAMETERS: Final = frozenset({"CreateChangeSet", "CreateStack", "UpdateStack"})
_WITH_TEMPLATE: Final = _WITH_PARAMETERS | {"GetTemplateSummary", "ValidateTemplate"}
# ASSUMPTION: a stack can be deleted while it is created or rolled back, but not while it is updated. A DeleteStack in
# each status would settle it.
_NOT_DELETABLE: Final = frozenset(
    {
        _S.UPDATE_IN_PROGRESS,
        _S.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS,
        _S.UPDATE_ROLLBACK_IN_PROGRESS,
        _S.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS,
    }
)


@dataclass(frozen=True, slots=True)
class StackSettings:
    """Settings of stacks.

    `identity_of` returns the identity of an access key; it raises ApiError if the key no longer exists.

    `every_s`: interval at which handlers check resources in progress. `audit`: where the calls are recorded. `sources`:
    where templates and parameters are read.
    """

    identity_of: Callable[[str], IamIdentity | None]
    audit: Audit
    sources: TemplateSources
    every_s: float


class StackApi:
    """The operations. `call` makes a call of App Runner's API. `tasks` contains the runs."""

    def __init__(self, context: ApiContext, call: Call, tasks: Tasks, settings: StackSettings) -> None:
        self._context = context
        self._settings = settings
        self._book = StackBook(context)
        handlers = ResourceHandlers(call)
        self.runs = StackRuns(
            self._book, handlers, principal_of=self._principal_of, tasks=tasks, every_s=settings.every_s
        )
        self._changes = StackChanges(self._book, self.runs, context.settings.accepted_types)
        self._sets = ChangeSets(self._book, self._changes)
        self._by_name = MappingProxyType(self._named())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    async def with_sources(self, principal: Principal, operation: str, request: Request) -> Request:
        """Return the request with the template at its TemplateURL and the values of its parameters of SSM.

        Other errors of the request are reported by `handle`.

        Raises:
            ApiError: the template cannot be read, or the caller may not make this call.
        """
        if operation not in _WITH_TEMPLATE:
            return request
        try:
            if "TemplateURL" in request:
                self._authorize(principal, operation, request)
                if "TemplateBody" in request:
                    raise invalid_call("You can specify only one of TemplateBody or TemplateURL.")
                request = request | {FETCHED_TEMPLATE: await self._settings.sources.template(request["TemplateURL"])}
        except ApiError as error:
            self.rejected(principal, operation, request, error)
            raise
        names: list[str] = []
        if operation in _WITH_PARAMETERS:
            with contextlib.suppress(ApiError):
                names = stored_names(request, self._book.find_any(principal, request["StackName"]))
        return request | {FETCHED_PARAMETERS: {name: await self._settings.sources.parameter(name) for name in names}}

    def handle(self, principal: Principal, operation: str, request: Request) -> Answer:
        """Return the response to a validated request.

        Raises:
            ApiError: the rejection; the call has changed nothing.
        """
        carry_out = self._by_name.get(operation)
        if carry_out is None:
            raise ApiError(
                "InvalidAction", f"Could not find operation {operation} for version 2010-05-15", "not supported here"
            )
        try:
            self._authorize(principal, operation, request)
            if not is_read(operation):
                return self._change(carry_out, principal, operation, request)
            answer = carry_out(principal, request)
        except ApiError as error:
            self.rejected(principal, operation, request, error)
            raise
        self._settings.audit.gather(principal, operation, request, source=_SOURCE)
        return answer

    def rejected(self, principal: Principal, operation: str, request: Request, error: ApiError) -> None:
        """Record in the audit log a call that was rejected, here or by validation before."""
        self._settings.audit.gather(principal, operation, request, error, _SOURCE)

    def _change(self, carry_out: Operation, principal: Principal, operation: str, request: Request) -> Answer:
        try:
            with self._context.registry.change():
                self._book.sweep()
                answer = carry_out(principal, request)
                self._settings.audit.record_change(principal, operation, request, answer, _SOURCE)
                return answer
        except sqlite3.Error as error:
            raise ApiError("InternalFailure", f"The state could not be written: {error}.") from error

    # --- stacks ----------------------------------------------------------------------------------------------------

    def _create(self, principal: Principal, request: Request) -> Answer:
        if self._book.find_any(principal, request["StackName"]) is not None:
            raise ApiError("AlreadyExistsException", f"Stack [{request['StackName']}] already exists")
        if "OnFailure" in request and "DisableRollback" in request:
            raise invalid_call("You can specify either DisableRollback or OnFailure, but not both.")
        disables = bool(request.get("DisableRollback"))
        stack = replace(
            self._changes.new_stack(principal, request, _S.CREATE_IN_PROGRESS),
            inputs=self._changes.inputs(request, None),
            disable_rollback=disables,
            termination_protection=bool(request.get("EnableTerminationProtection")),
        )
        on_failure = "DO_NOTHING" if disables else request.get("OnFailure", "ROLLBACK")
        self._changes.begin_creation(principal, stack, on_failure)
        return {"StackId": stack.stack_id}

    def _update(self, principal: Principal, request: Request) -> Answer:
        stack = self._living(principal, request)
        self._changes.check_updatable(stack)
        inputs = self._changes.inputs(request, stack)
        try:
            planned = self._changes.planned(stack, inputs)
        except TemplateError as error:
            raise invalid_call(str(error)) from error
        if planned.is_empty:
            raise invalid_call("No updates are to be performed.")
        on_failure = "DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK"
        self._changes.begin_update(principal, stack, inputs, on_failure)
        return {"StackId": stack.stack_id}

    def _delete(self, principal: Principal, request: Request) -> Answer:
        stack = self._book.find_any(principal, request["StackName"])
        if stack is None or stack.status in {_S.DELETE_COMPLETE, _S.DELETE_IN_PROGRESS}:
            return {}
        if stack.termination_protection:
            raise invalid_call(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.status in _NOT_DELETABLE:
            raise invalid_call(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
        retained = request.get("RetainResources", ())
        if retained and stack.status is not _S.DELETE_FAILED:
            raise invalid_call(
                f"Invalid operation on stack [{stack.stack_id}]. Retain resources can only be specified for stacks in "
                "DELETE_FAILED state"
            )
        for output in stack.outputs:
            users = self._book.importers(stack, output.export) if output.export else []
            if users:
                raise invalid_call(
                    f"Delete canceled. Cannot delete export {output.export} as it is in use by "
                    f"{', '.join(sorted(users))}."
                )
        self._changes.begin_deletion(principal, stack, retained)
        return {}

    def _cancel_update(self, principal: Principal, request: Request) -> Answer:
        stack = self._living(principal, request)
        if stack.status is not _S.UPDATE_IN_PROGRESS:
            raise invalid_call(f"CancelUpdateStack cannot be called from current stack status: {stack.status}")
        self._changes.begin_rollback(principal, stack)
        return {}

    def _roll_back(self, principal: Principal, request: Request) -> Answer:
        stack = self._living(principal, request)
        if stack.status not in {_S.CREATE_FAILED, _S.UPDATE_FAILED}:
            raise invalid_call(f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back.")
        self._changes.begin_rollback(principal, stack)
        return {"StackId": stack.stack_id}

    def _continue_rollback(self, principal: Principal, request: Request) -> Answer:
        stack = self._living(principal, request)
        if stack.status is not _S.UPDATE_ROLLBACK_FAILED:
            raise invalid_call(f"Stack:{stack.stack_id} is in {stack.status} state and can not continue its rollback.")
        skipped = request.get("ResourcesToSkip", ())
        strange = sorted(set(skipped) - set(stack.members))
        if strange:
            raise invalid_call(f"ResourcesToSkip: [{', '.join(strange)}] are not resources of the stack")
        self._changes.begin_rollback(principal, stack, skipped)
        return {}

    def _protect(self, principal: Principal, request: Request) -> Answer:
        stack = self._living(principal, request)
        self._book.put(replace(stack, termination_protection=bool(request["EnableTerminationProtection"])))
        return {"StackId": stack.stack_id}

    # --- internals -------------------------------------------------------------------------------------------------

    def _living(self, principal: Principal, request: Request) -> StackResource:
        stack = self._book.find_any(principal, request["StackName"])
        if stack is None or stack.is_deleted:
            raise invalid_call(f"Stack [{request['StackName']}] does not exist")
        return stack

    def _principal_of(self, stack: StackResource) -> Principal:
        """Return the caller with whose permissions a stack's operation runs.

        Raises ApiError if its key no longer exists.
        """
        return Principal(
            account=stack.account,
            region=stack.region,
            access_key=stack.access_key,
            request_id=stack.operation.token if stack.operation is not None else "",
            source_ip=stack.source_ip,
            user_agent=_USER_AGENT,
            identity=self._settings.identity_of(stack.access_key),
        )

    def _authorize(self, principal: Principal, operation: str, request: Request) -> None:
        identity = principal.identity
        if identity is None or not identity.is_limited:
            return
        resource = EVERY_RESOURCE
        name = request.get("StackName", "")
        if name:
            stack = self._book.find_any(principal, name)
            new = f"arn:aws:cloudformation:{principal.region}:{principal.account}:stack/{name}/*"
            resource = name if name.startswith("arn:") else new if stack is None else stack.stack_id
        keys = general_keys(principal, identity, resource, self._context.now())
        decision = decide(identity, AccessRequest.of(f"cloudformation:{operation}", resource, keys))
        if not decision.allowed:
            raise ApiError("AccessDenied", decision.sentence(identity.arn))

    def _named(self) -> dict[str, Operation]:
        return {
            **StackReads(self._book, self._sets).named,
            "CancelUpdateStack": self._cancel_update,
            "ContinueUpdateRollback": self._continue_rollback,
            "CreateChangeSet": self._sets.create,
            "CreateStack": self._create,
            "DeleteChangeSet": self._sets.delete,
            "DeleteStack": self._delete,
            "ExecuteChangeSet": self._sets.execute,
            "RollbackStack": self._roll_back,
            "UpdateStack": self._update,
            "UpdateTerminationProtection": self._protect,
        }
