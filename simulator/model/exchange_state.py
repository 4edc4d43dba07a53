"""The state machines of an HTTP exchange and of a client's connection, as tables: one table for each side.

As in h11, each side has its own state, and only an event of its table changes it. An event is a mapping from the state
before it to the state after it: `self.response_state = HEAD_SENT[self.response_state]`, which takes one look-up. An
event that cannot happen in a state is a bug and raises AssertionError.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Never, TypeVar

StateT = TypeVar("StateT", bound=StrEnum)


class Transition(dict[StateT, StateT]):
    """One event of a table: maps each state before it to the state after it."""

    def __init__(self, name: str, table: Mapping[StateT, StateT]) -> None:
        super().__init__(table)
        self.name = name

    def __missing__(self, state: StateT) -> Never:
        msg = f"{type(state).__name__}: {self.name!r} cannot happen in state {state.value!r}"
        raise AssertionError(msg)


class RequestState(StrEnum):
    """The state of the client's side: what it does with the body of its request."""

    # the client sends the body after a 100 (Continue) response, or after a pause
    AWAITING_CONTINUE = "awaiting 100 Continue"
    SENDING = "sending the body"
    COMPLETE = "complete"  # also: the client's side of a tunnel has ended
    TUNNEL = "tunnel"  # all further bytes of the connection belong to this exchange


class UploadState(StrEnum):
    """What happens to the bytes of the request body."""

    KEPT = "kept"  # all of them are kept, so the request can be sent again from its beginning
    STREAMED = "streamed"  # an instance has some bytes that are not kept
    DISCARDED = "discarded"  # the instance is simulated and takes no bytes


class ResponseState(StrEnum):
    """What the client has received of the response."""

    PENDING = "pending"  # nothing, or only informational responses
    SENDING = "sending the body"  # the head, and a part of the body
    TUNNEL = "tunnel"  # 101 (Switching Protocols), and bytes of the application
    HALF_CLOSED = "half-closed tunnel"  # the application's side of the tunnel has ended
    COMPLETE = "complete"
    ABORTED = "aborted"  # the client gets no more bytes: it has disconnected or will be reset


class ConnectionState(StrEnum):
    """The state of a client's connection."""

    HANDSHAKE = "TLS handshake"  # accepted; a connection without TLS has this state for a moment
    LAST_HANDSHAKE = "last TLS handshake"  # the listener was closed during the handshake
    OPEN = "open"  # reads requests and serves them one by one
    DRAINING = "draining"  # closes after the current request, or after the next one if its head has begun to arrive
    TUNNEL = "tunnel"
    LINGERING = "lingering"  # our side is closed; what the client still sends is discarded
    CLOSING = "closing"  # the transport sends its last bytes
    CLOSED = "closed"


_R, _U, _A, _C = RequestState, UploadState, ResponseState, ConnectionState

CONTINUED: Final = Transition("100 sent", {_R.AWAITING_CONTINUE: _R.SENDING})
BODY_ARRIVED: Final = Transition(
    "bytes", {_R.AWAITING_CONTINUE: _R.SENDING, _R.SENDING: _R.SENDING, _R.TUNNEL: _R.TUNNEL}
)
BODY_ENDED: Final = Transition(
    "end", {_R.AWAITING_CONTINUE: _R.COMPLETE, _R.SENDING: _R.COMPLETE, _R.TUNNEL: _R.COMPLETE}
)
REQUEST_UPGRADED: Final = Transition("101", {_R.COMPLETE: _R.TUNNEL})

BODY_SENT: Final = Transition("bytes sent", {_U.KEPT: _U.STREAMED, _U.STREAMED: _U.STREAMED})
BODY_UNWANTED: Final = Transition("unwanted", {_U.KEPT: _U.DISCARDED, _U.DISCARDED: _U.DISCARDED})

HEAD_SENT: Final = Transition("head", {_A.PENDING: _A.SENDING})
RESPONSE_UPGRADED: Final = Transition("101", {_A.PENDING: _A.TUNNEL})
APPLICATION_ENDED: Final = Transition("half-close", {_A.TUNNEL: _A.HALF_CLOSED})
RESPONSE_ENDED: Final = Transition(
    "end", {_A.SENDING: _A.COMPLETE, _A.TUNNEL: _A.COMPLETE, _A.HALF_CLOSED: _A.COMPLETE}
)
REJECTED: Final = Transition("rejection", {_A.PENDING: _A.COMPLETE})
ABORTED: Final = Transition(
    "abort",
    dict.fromkeys((_A.PENDING, _A.SENDING, _A.TUNNEL, _A.HALF_CLOSED), _A.ABORTED)
    # The client's disconnect may be reported after its connection was reset by us.
    | {_A.ABORTED: _A.ABORTED},
)

CONNECTED: Final = Transition("connected", {_C.HANDSHAKE: _C.OPEN, _C.LAST_HANDSHAKE: _C.DRAINING})
DRAINED: Final = Transition(
    "drain",
    {_C.HANDSHAKE: _C.LAST_HANDSHAKE, _C.OPEN: _C.DRAINING}
    | {each: each for each in (_C.LAST_HANDSHAKE, _C.DRAINING, _C.TUNNEL, _C.LINGERING, _C.CLOSING)},
)
CONNECTION_UPGRADED: Final = Transition("101", {_C.OPEN: _C.TUNNEL, _C.DRAINING: _C.TUNNEL})
LINGERED: Final = Transition("linger", {_C.OPEN: _C.LINGERING, _C.DRAINING: _C.LINGERING})
FINISHED: Final = Transition(
    "close", dict.fromkeys((_C.OPEN, _C.DRAINING, _C.TUNNEL, _C.LINGERING, _C.CLOSING), _C.CLOSING)
)
LOST: Final = Transition(
    "lost",
    dict.fromkeys((_C.OPEN, _C.DRAINING, _C.TUNNEL, _C.LINGERING, _C.CLOSING), _C.CLOSED)
    # A client that speaks plain HTTP to a TLS port is connected a second time, without TLS.
    | {each: each for each in (_C.HANDSHAKE, _C.LAST_HANDSHAKE)},
)

IN_HANDSHAKE: Final = frozenset({ConnectionState.HANDSHAKE, ConnectionState.LAST_HANDSHAKE})

REQUEST_EVENTS: Final = (CONTINUED, BODY_ARRIVED, BODY_ENDED, REQUEST_UPGRADED)
UPLOAD_EVENTS: Final = (BODY_SENT, BODY_UNWANTED)
RESPONSE_EVENTS: Final = (HEAD_SENT, RESPONSE_UPGRADED, APPLICATION_ENDED, RESPONSE_ENDED, REJECTED, ABORTED)
CONNECTION_EVENTS: Final = (CONNECTED, DRAINED, CONNECTION_UPGRADED, LINGERED, FINISHED, LOST)
