"""The state machine of a VPC ingress connection, as tables (facts 1.7, 1.8)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class IngressStatus(StrEnum):
    """The status of a VPC ingress connection, as the API returns it."""

    PENDING_CREATION = "PENDING_CREATION"
    AVAILABLE = "AVAILABLE"
    PENDING_UPDATE = "PENDING_UPDATE"
    PENDING_DELETION = "PENDING_DELETION"
    FAILED_CREATION = "FAILED_CREATION"
    FAILED_UPDATE = "FAILED_UPDATE"
    FAILED_DELETION = "FAILED_DELETION"
    DELETED = "DELETED"


_S = IngressStatus

UPDATABLE: Final = frozenset({_S.AVAILABLE, _S.FAILED_CREATION, _S.FAILED_UPDATE})
DELETABLE: Final = UPDATABLE | {_S.FAILED_DELETION}

# The next state of each pending state.
NEXT: Final = {
    _S.PENDING_CREATION: _S.AVAILABLE,
    _S.PENDING_UPDATE: _S.AVAILABLE,
    _S.PENDING_DELETION: _S.DELETED,
}

# The next state if the host name cannot be bound or released.
FAILED: Final = {
    _S.PENDING_CREATION: _S.FAILED_CREATION,
    _S.PENDING_UPDATE: _S.FAILED_UPDATE,
    _S.PENDING_DELETION: _S.FAILED_DELETION,
}

# States in which the service responds under the host name of the connection: from its creation until its deletion.
SERVES: Final = frozenset({_S.AVAILABLE, _S.PENDING_UPDATE, _S.FAILED_UPDATE, _S.PENDING_DELETION, _S.FAILED_DELETION})
