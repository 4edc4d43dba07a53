"""Authorization: the IAM policies of the caller decide on a call before the operation begins.

ASSUMPTION: the members of a request are validated before the authorization, which uses them. A call with an invalid
member and without permission would settle it.
"""

from __future__ import annotations

from typing import Any

from simulator.control.access_requests import AccessRequests, Find
from simulator.control.api_context import ApiContext
from simulator.control.principal import Principal
from simulator.model.resources.api_error import ApiError
from simulator.rules.iam.evaluation import decide
from simulator.rules.iam.identity import IamIdentity


class Authorization:
    """Decides on calls. `find_auto_scaling` and `find_observability` resolve partial ARNs."""

    def __init__(self, context: ApiContext, *, find_auto_scaling: Find, find_observability: Find) -> None:
        self._requests = AccessRequests(
            context, find_auto_scaling=find_auto_scaling, find_observability=find_observability
        )

    def check(self, principal: Principal, identity: IamIdentity, operation: str, request: dict[str, Any]) -> None:
        """Raise AccessDeniedException with AWS's message unless the caller may make this call."""
        for question in self._requests.of(principal, identity, operation, request):
            decision = decide(identity, question)
            if not decision.allowed:
                raise ApiError("AccessDeniedException", decision.sentence(identity.arn))
