"""Errors of the API's operations, named as in the service model (facts 1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.arn import Arn

# AWS's wording (facts 19.2), used also if the secrets are in an apprunner.yaml.
SECRETS_WITHOUT_ROLE: Final = "Instance Role have to be provided if passing in RuntimeEnvironmentSecrets."

_NAMES_MAX: Final = 5


def invalid(message: str, hint: str = "") -> ApiError:
    """Return InvalidRequestException. `message`: AWS's wording where it is public. `hint`: the simulator's addition."""
    return ApiError("InvalidRequestException", message, hint)


def invalid_state(message: str) -> ApiError:
    return ApiError("InvalidStateException", message)


def not_found(what: str, arn: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"{what} not found for ARN: {arn}")


def quota_exceeded(what: str, quota: int) -> ApiError:
    return ApiError("ServiceQuotaExceededException", f"The quota of {quota} {what} is reached.")


def named(head: str, services: Sequence[ServiceResource]) -> str:
    """Return a hint that names services, such as `Used by: shop, cart`; at most the first few are named."""
    names = ", ".join(service.name for service in services[:_NAMES_MAX])
    more = len(services) - _NAMES_MAX
    return f"{head}: {names}" + (f" and {more} more" if more > 0 else "")


def arn_of(text: str, member: str, kind: str) -> Arn:
    """Parse `text` as the ARN of a resource of that kind. Raises InvalidRequestException."""
    try:
        arn = Arn.parse(text)
    except ValueError as error:
        raise invalid(f"{member} = {error}") from error
    if arn.kind != kind:
        raise invalid(f"{member} = {text}, must be the ARN of a {kind}")
    return arn
