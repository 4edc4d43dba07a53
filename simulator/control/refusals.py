"""The refusals of the API's operations, by the names of the service model (facts 1.2)."""

from __future__ import annotations

from simulator.model.api_error import ApiError
from simulator.model.arn import Arn


def invalid(message: str) -> ApiError:
    return ApiError("InvalidRequestException", message)


def invalid_state(message: str) -> ApiError:
    return ApiError("InvalidStateException", message)


def not_found(what: str, arn: str) -> ApiError:
    return ApiError("ResourceNotFoundException", f"{what} not found for ARN: {arn}")


def quota_exceeded(what: str, quota: int) -> ApiError:
    return ApiError("ServiceQuotaExceededException", f"The quota of {quota} {what} is reached.")


def arn_of(text: str, member: str, kind: str) -> Arn:
    """`text` as the ARN of a resource of that kind. Raises InvalidRequestException."""
    try:
        arn = Arn.parse(text)
    except ValueError as error:
        raise invalid(f"{member} = {error}") from error
    if arn.kind != kind:
        raise invalid(f"{member} = {text}, must be the ARN of a {kind}")
    return arn
