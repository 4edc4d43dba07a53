"""CloudFormation's stacks, change sets and stack events, as they are stored. Times are seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from simulator.model.resources.arn import owner_key_of


class StackStatus(StrEnum):
    """The status of a stack, as CloudFormation returns it."""

    REVIEW_IN_PROGRESS = "REVIEW_IN_PROGRESS"
    CREATE_IN_PROGRESS = "CREATE_IN_PROGRESS"
    CREATE_FAILED = "CREATE_FAILED"
    CREATE_COMPLETE = "CREATE_COMPLETE"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"
    ROLLBACK_COMPLETE = "ROLLBACK_COMPLETE"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETE_FAILED = "DELETE_FAILED"
    DELETE_COMPLETE = "DELETE_COMPLETE"
    UPDATE_IN_PROGRESS = "UPDATE_IN_PROGRESS"
    UPDATE_COMPLETE_CLEANUP_IN_PROGRESS = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    UPDATE_COMPLETE = "UPDATE_COMPLETE"
    UPDATE_FAILED = "UPDATE_FAILED"
    UPDATE_ROLLBACK_IN_PROGRESS = "UPDATE_ROLLBACK_IN_PROGRESS"
    UPDATE_ROLLBACK_FAILED = "UPDATE_ROLLBACK_FAILED"
    UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    UPDATE_ROLLBACK_COMPLETE = "UPDATE_ROLLBACK_COMPLETE"

    @property
    def is_running(self) -> bool:
        """True while an operation on the stack is in progress."""
        return self.endswith("_IN_PROGRESS") and self is not StackStatus.REVIEW_IN_PROGRESS


UPDATABLE: Final = frozenset(
    {
        StackStatus.CREATE_COMPLETE,
        StackStatus.CREATE_FAILED,
        StackStatus.UPDATE_COMPLETE,
        StackStatus.UPDATE_FAILED,
        StackStatus.UPDATE_ROLLBACK_COMPLETE,
    }
)


@dataclass(frozen=True, slots=True)
class StackMember:
    """One resource of a stack. `request` has its properties as they were sent to the API, without a generated name.

    `ref` is the value of Ref. `needs` has the logical ids of the resources that it depends on, which are deleted after
    it.
    """

    logical_id: str
    type: str
    status: str
    updated_at: float
    reason: str = ""
    physical_id: str = ""
    ref: str = ""
    name: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"
    started_at: float = 0.0


@dataclass(frozen=True, slots=True)
class StackOutput:
    """An output of a stack. `export` is the name under which it is exported, empty if it is not."""

    name: str
    value: str
    description: str = ""
    export: str = ""


@dataclass(frozen=True, slots=True)
class StackInputs:
    """The input of a stack: the text of the template, values of parameters, tags, capabilities.

    `hidden` has the names of parameters with NoEcho, `resolved` the values that SSM has for parameters of its types.
    """

    template: str
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    role_arn: str = ""
    notifications: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    resolved: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, str]:
        """The values that a Ref to a parameter has."""
        return self.parameters | self.resolved


@dataclass(frozen=True, slots=True)
class StackOperation:
    """The operation that is in progress, or that failed and was not rolled back.

    `before` is the input to which the rollback of an update returns. `done` has the logical ids that have been
    processed, `failed` those that failed. `obsolete` are resources to delete in the cleanup. `retained` are logical ids
    that a deletion does not delete.
    """

    token: str
    on_failure: str = "ROLLBACK"  # or DO_NOTHING, DELETE
    before: StackInputs | None = None
    members_before: dict[str, StackMember] = field(default_factory=dict)
    outputs_before: tuple[StackOutput, ...] = ()
    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    obsolete: tuple[StackMember, ...] = ()
    retained: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StackResource:
    """A stack. `access_key` is that of the caller with whose permissions its operation runs."""

    stack_id: str
    born: int
    account: str
    region: str
    name: str
    status: StackStatus
    created_at: float
    inputs: StackInputs
    description: str = ""
    reason: str = ""
    updated_at: float | None = None
    deleted_at: float | None = None
    members: dict[str, StackMember] = field(default_factory=dict)
    outputs: tuple[StackOutput, ...] = ()
    imports: tuple[str, ...] = ()  # names of exports of other stacks that the template imports
    operation: StackOperation | None = None
    change_set_id: str = ""
    disable_rollback: bool = False
    termination_protection: bool = False
    access_key: str = ""
    source_ip: str = ""

    stored_kind = "stack"

    @property
    def key(self) -> str:
        return self.stack_id

    @property
    def owner_key(self) -> str:
        return owner_key_of(self.account, self.region)

    @property
    def is_deleted(self) -> bool:
        return self.status is StackStatus.DELETE_COMPLETE


@dataclass(frozen=True, slots=True)
class ChangeSetResource:
    """A change set. `changes` have the form of DescribeChangeSet's result."""

    change_set_id: str
    stack_id: str
    born: int
    name: str
    type: str  # CREATE or UPDATE
    status: str
    execution_status: str
    created_at: float
    inputs: StackInputs
    reason: str = ""
    description: str = ""
    on_failure: str = "ROLLBACK"
    changes: tuple[dict[str, Any], ...] = ()

    stored_kind = "change-set"

    @property
    def key(self) -> str:
        return self.change_set_id

    @property
    def owner_key(self) -> str:
        return self.stack_id


@dataclass(frozen=True, slots=True)
class StackEventResource:
    """An event of a stack, as DescribeStackEvents returns it."""

    event_id: str
    stack_id: str
    born: int
    stack_name: str
    logical_id: str
    physical_id: str
    type: str
    status: str
    at: float
    reason: str = ""
    properties: str = ""  # as JSON
    token: str = ""

    stored_kind = "stack-event"

    @property
    def key(self) -> str:
        return self.event_id

    @property
    def owner_key(self) -> str:
        return self.stack_id
