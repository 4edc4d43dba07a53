"""The messages between the server and the process that plays: a JSON document on each line."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

# A result is read by a language model: 100 kB are 25,000 to 40,000 tokens, more than most clients accept.
RESULT_BYTES_MAX: Final = 100_000
LINE_BYTES_MAX: Final = 4 * RESULT_BYTES_MAX


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ToolCall(_Message):
    """A call of a tool, with valid arguments."""

    tool: str
    arguments: dict[str, Any]


class CallProgress(_Message):
    """How far a call is: `done` of `total` steps; `total` is None if it is unknown."""

    kind: Literal["progress"] = "progress"
    done: float
    total: float | None
    text: str


class CallResult(_Message):
    """The result of a call. It is the last message of the call."""

    kind: Literal["result"] = "result"
    value: dict[str, Any]


class CallFailed(_Message):
    """Why a call has no result. It is the last message of the call."""

    kind: Literal["failed"] = "failed"
    text: str


WorkerMessage = CallProgress | CallResult | CallFailed
WORKER_MESSAGE: Final[TypeAdapter[WorkerMessage]] = TypeAdapter(Annotated[WorkerMessage, Field(discriminator="kind")])


def line_of(message: BaseModel) -> bytes:
    """Return the line of a message."""
    return message.model_dump_json().encode() + b"\n"
