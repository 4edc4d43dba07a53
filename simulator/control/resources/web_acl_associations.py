"""Associations of services with web ACLs: four operations of AWS WAF, for services of App Runner (facts 10.4).

# ASSUMPTION: AssociateWebACL replaces the web ACL of a service that has one, without an error; facts 10.4 says only
# that it has one at most. Two calls on AWS settle it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.operations.workload import Workload
from simulator.control.principal import Principal
from simulator.control.resources.service_lookup import find_service
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.api_resources import OperationResource, ServiceResource
from simulator.model.resources.operation import OperationType
from simulator.model.resources.service_state import ServiceStatus
from simulator.model.text.problems import did_you_mean

if TYPE_CHECKING:
    from simulator.control.web_acl_samples import WebAclSamples
    from simulator.rules.waf.web_acl import WebAcl

Request = dict[str, Any]
Answer = dict[str, Any]

RESOURCE_TYPE: Final = "APP_RUNNER_SERVICE"
# type of the listed resources if a call names none
_DEFAULT_TYPE: Final = "APPLICATION_LOAD_BALANCER"
_ACL, _SERVICE = "WebACLArn", "ResourceArn"
_ARN_LENGTHS: Final = range(20, 2049)
_NOT_THERE: Final = frozenset({ServiceStatus.CREATE_FAILED, ServiceStatus.DELETE_FAILED, ServiceStatus.DELETED})

_log = logging.getLogger(__name__)


class WebAclAssociations:
    """Associations of services with web ACLs. `context.settings.web_acls`: the existing web ACLs by ARN."""

    def __init__(self, context: ApiContext, workload: Workload) -> None:
        self._context = context
        self._acls = context.settings.web_acls
        self._workload = workload
        self._samples: WebAclSamples | None = None

    def start(self) -> None:
        """Protect the services that were associated before a restart."""
        for service in self._context.registry.all(ServiceResource):
            if service.web_acl_arn is None or service.status is ServiceStatus.DELETED:
                continue
            acl = self._acls.get(service.web_acl_arn)
            if acl is None:
                _log.warning(
                    "service %s: web ACL %s is not configured, so none is evaluated", service.name, service.web_acl_arn
                )
            self._protect(service.arn, acl)

    def changed(self, arns: Collection[str]) -> None:
        """Evaluate the present version of changed web ACLs, from now on."""
        for service in self._context.registry.all(ServiceResource):
            arn = service.web_acl_arn
            if arn is not None and arn in arns and service.status is not ServiceStatus.DELETED:
                self._protect(service.arn, self._acls[arn])

    def get_sampled_requests(self, principal: Principal, request: Request) -> Answer:  # noqa: ARG002 of any account
        """Return samples of the requests of a rule's metric."""
        acl = self._acls[self._known(_text(request, "WebAclArn"))]
        return self._sampling().answer(acl, request)

    def _sampling(self) -> WebAclSamples:
        if self._samples is None:
            from simulator.control.web_acl_samples import WebAclSamples  # noqa: PLC0415 few services have a web ACL
            from simulator.rules.waf.log_document import WafRecord  # noqa: PLC0415

            self._samples = WebAclSamples(self._context.now)
            self._context.registry.journal.subscribe(WafRecord, self._samples.read)
        return self._samples

    def _protect(self, arn: str, acl: WebAcl | None) -> None:
        if acl is not None:
            self._sampling()
        self._workload.protect(arn, acl)

    # --- operations ------------------------------------------------------------------------------------------------

    def associate(self, principal: Principal, request: Request) -> Answer:
        arn = self._known(_text(request, _ACL))
        service = self._find(principal, request)
        self._context.registry.put(replace(service, web_acl_arn=arn))
        self._protect(service.arn, self._acls[arn])
        return {}

    def disassociate(self, principal: Principal, request: Request) -> Answer:
        service = self._find(principal, request)
        self._context.registry.put(replace(service, web_acl_arn=None))
        self._protect(service.arn, None)
        return {}

    def get_for_resource(self, principal: Principal, request: Request) -> Answer:
        service = self._find(principal, request)
        if service.web_acl_arn is None:
            return {}
        return {"WebACL": self._acls[self._known(service.web_acl_arn)].document}

    def list_resources(self, principal: Principal, request: Request) -> Answer:
        arn = self._known(_text(request, _ACL))
        if request.get("ResourceType", _DEFAULT_TYPE) != RESOURCE_TYPE:
            return {"ResourceArns": []}
        services = self._context.registry.owned_by(ServiceResource, owner_key(principal))
        found = [each.arn for each in services if each.web_acl_arn == arn and each.status not in _NOT_THERE]
        return {"ResourceArns": found}

    # --- internals -------------------------------------------------------------------------------------------------

    def _known(self, arn: str) -> str:
        if arn not in self._acls:
            known = did_you_mean(arn, self._acls) or "; web ACLs come from `waf: files` or `waf: endpoint` of `serve`"
            raise _nonexistent(f"no web ACL {arn} is given{known}")
        return arn

    def _find(self, principal: Principal, request: Request) -> ServiceResource:
        text = _text(request, _SERVICE)
        try:
            service = find_service(self._context, principal, text)
        except ApiError as error:
            if error.code == "ResourceNotFoundException":
                raise _nonexistent(error.message) from error
            raise _invalid(_SERVICE, error.message) from error
        if service.status in _NOT_THERE or self._is_being_deleted(service):
            raise _nonexistent(f"the service is {service.status}")
        return service

    def _is_being_deleted(self, service: ServiceResource) -> bool:
        operations = self._context.registry.owned_by(OperationResource, service.arn)
        return any(each.type is OperationType.DELETE_SERVICE and not each.has_ended for each in operations)


def _text(request: Request, member: str) -> str:
    value = request.get(member)
    if not isinstance(value, str) or len(value) not in _ARN_LENGTHS:
        raise _invalid(member, f"{member} must be an ARN of {_ARN_LENGTHS.start} to {_ARN_LENGTHS.stop - 1} characters")
    return value


def _invalid(member: str, hint: str) -> ApiError:
    message = (
        "Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by "
        f"colons or slashes., field: {'RESOURCE_ARN' if member == _SERVICE else 'WEB_ACL_ARN'}"
    )
    return ApiError("WAFInvalidParameterException", message, hint)


def _nonexistent(hint: str) -> ApiError:
    message = "AWS WAF couldn\u2019t perform the operation because your resource doesn\u2019t exist."
    return ApiError("WAFNonexistentItemException", message, hint)
