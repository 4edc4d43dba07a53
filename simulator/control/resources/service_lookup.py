"""Lookup of the service that a request names."""

from __future__ import annotations

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.principal import Principal
from simulator.control.rejections import arn_of, invalid, invalid_state, not_found
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.arn import SERVICE
from simulator.model.resources.service_state import ServiceStatus


def find_service(context: ApiContext, principal: Principal, text: str) -> ServiceResource:
    """Return a service, even if it was deleted recently. Services of other accounts or Regions are not found.

    Raises:
        ApiError: InvalidRequestException if `text` is not the ARN of a service, ResourceNotFoundException.
    """
    service = context.registry.get(ServiceResource, text)
    if service is None or service.owner_key != owner_key(principal) or not context.is_there(service):
        arn_of(text, "ServiceArn", SERVICE)
        raise not_found("Service", text)
    return service


def find_service_or_invalid(context: ApiContext, principal: Principal, text: str) -> ServiceResource:
    """Return the service, for operations without ResourceNotFoundException. Raises InvalidRequestException."""
    try:
        return find_service(context, principal, text)
    except ApiError as error:
        raise invalid(error.message, error.hint) from error


def reject_unless_running(service: ServiceResource, what: str) -> None:
    """Raise InvalidStateException unless the service is RUNNING.

    `what`: the beginning of the message, whose end is App Runner's (facts 1.2).
    """
    if service.status is not ServiceStatus.RUNNING:
        raise invalid_state(f"{what} in the current state: {service.status}.")
