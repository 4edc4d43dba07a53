"""Custom domains of services: three operations (facts 1.3, 10.3)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from simulator.control.api_context import ApiContext
from simulator.control.principal import Principal
from simulator.control.rejections import invalid, invalid_state
from simulator.control.resources.domains.domain_records import records_view, validation_records
from simulator.control.resources.domains.domain_validation import DomainValidation
from simulator.control.resources.service_lookup import find_service, find_service_or_invalid, reject_unless_running
from simulator.control.resources.vpc_ingress_connections import VpcIngressConnections
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import CustomDomainResource, ServiceResource
from simulator.model.resources.domain_state import DomainStatus, names_of

Request = dict[str, Any]
Answer = dict[str, Any]


class CustomDomains:
    def __init__(self, context: ApiContext, walk: DomainValidation, ingress: VpcIngressConnections) -> None:
        self._context = context
        self._walk = walk
        self._ingress = ingress

    # --- operations ------------------------------------------------------------------------------------------------

    def associate(self, principal: Principal, request: Request) -> Answer:
        service = find_service_or_invalid(self._context, principal, request["ServiceArn"])
        reject_unless_running(service, "Custom domain cannot be associated with the service")
        registry, name = self._context.registry, request["DomainName"].lower()
        www = request.get("EnableWWWSubdomain", not name.startswith("*."))
        try:
            names = names_of(name, www=www)
        except ValueError as error:
            raise invalid(str(error)) from error
        self._reject_taken(service, name, names)
        if len(registry.owned_by(CustomDomainResource, service.arn)) >= self._context.quotas.custom_domains:
            # ASSUMPTION: InvalidRequestException, because the operation declares no ServiceQuotaExceededException.
            raise invalid(f"The quota of {self._context.quotas.custom_domains} custom domains of a service is reached.")
        domain = CustomDomainResource(
            service_arn=service.arn,
            domain=name,
            born=registry.next_number(),
            www=www,
            status=DomainStatus.CREATING,
            changed_at=self._context.now(),
            records=validation_records(self._context.identifiers, names),
        )
        return self._begun(service, domain)

    def describe(self, principal: Principal, request: Request) -> Answer:
        service = find_service(self._context, principal, request["ServiceArn"])
        domains = self._context.registry.owned_by(CustomDomainResource, service.arn)
        page, more = self._context.pages.page(domains, principal, "DescribeCustomDomains", request)
        return self._about(service) | {"CustomDomains": [_view(each) for each in page], **more}

    def disassociate(self, principal: Principal, request: Request) -> Answer:
        service, name = find_service(self._context, principal, request["ServiceArn"]), request["DomainName"].lower()
        domains = self._context.registry.owned_by(CustomDomainResource, service.arn)
        domain = next((each for each in domains if each.domain == name), None)
        if domain is None:
            # the text that Copilot accepts as success (facts 1.2)
            message = f"No custom domain {request['DomainName']} found for the provided service"
            raise ApiError("ResourceNotFoundException", message)
        reject_unless_running(service, "Custom domain cannot be disassociated from the service")
        if domain.status is DomainStatus.DELETING:
            raise invalid_state(f"Custom domain {name} is being disassociated already.")
        gone = replace(domain, status=DomainStatus.DELETING, changed_at=self._context.now())
        return self._begun(service, gone)

    # --- for services ----------------------------------------------------------------------------------------------

    def service_deleted(self, service: ServiceResource) -> None:
        """Remove the deleted service's domains. Call inside the change that deletes it."""
        registry = self._context.registry
        for domain in registry.owned_by(CustomDomainResource, service.arn):
            registry.remove(domain)
            registry.after_commit(partial(self._walk.release, domain))

    # --- internals -------------------------------------------------------------------------------------------------

    def _begun(self, service: ServiceResource, domain: CustomDomainResource) -> Answer:
        self._context.registry.put(domain)
        self._context.registry.after_commit(lambda: self._walk.follow(domain))
        return self._about(service) | {"CustomDomain": _view(domain)}

    def _reject_taken(self, service: ServiceResource, name: str, names: tuple[str, ...]) -> None:
        """Reject names that are in use: in all accounts, a host name belongs to one service.

        Services of other accounts are not named.
        """
        for other in self._context.registry.all(CustomDomainResource):
            if set(other.names) & set(names):
                own = other.service_arn.rsplit(":", 1)[0] == service.arn.rsplit(":", 1)[0]
                raise invalid(f"{name} is already associated with {other.service_arn if own else 'another service'}.")

    def _about(self, service: ServiceResource) -> Answer:
        ingress = self._ingress.of_service(service)
        targets = []
        if ingress is not None:
            target = {"VpcIngressConnectionArn": ingress.arn, "VpcId": ingress.vpc["VpcId"], "DomainName": ingress.host}
            targets.append(target)
        return {"DNSTarget": service.url, "ServiceArn": service.arn, "VpcDNSTargets": targets}


def _view(domain: CustomDomainResource) -> Answer:
    return {
        "DomainName": domain.domain,
        "EnableWWWSubdomain": domain.www,
        "CertificateValidationRecords": records_view(domain),
        "Status": str(domain.status),
    }
