"""VPC ingress connections of private services: five operations (facts 1.3, 1.8, 10.2)."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

from simulator.control.api_context import ApiContext, owner_key
from simulator.control.operations.time_profile import TimeProfile
from simulator.control.operations.workload import Workload, WorkloadFailed
from simulator.control.principal import Principal
from simulator.control.rejections import arn_of, invalid, invalid_state, not_found, quota_exceeded
from simulator.control.resources.service_lookup import find_service_or_invalid, reject_unless_running
from simulator.control.wall_clock import left_s
from simulator.model.resources.api_resources import ServiceResource, VpcIngressResource
from simulator.model.resources.arn import VPC_INGRESS
from simulator.model.resources.ingress_state import DELETABLE, FAILED, NEXT, SERVES, UPDATABLE, IngressStatus
from simulator.model.text.problems import did_you_mean
from simulator.world.tasks import Tasks

Request = dict[str, Any]
Answer = dict[str, Any]

_ARN = "VpcIngressConnectionArn"

_log = logging.getLogger(__name__)


class VpcIngressConnections:
    """While a connection exists, its service responds at the connection's domain name, which `workload` binds."""

    def __init__(self, context: ApiContext, workload: Workload, profile: TimeProfile, tasks: Tasks) -> None:
        self._context = context
        self._workload = workload
        self._profile = profile
        self._tasks = tasks

    # --- operations ------------------------------------------------------------------------------------------------

    def create(self, principal: Principal, request: Request) -> Answer:
        name, registry = request["VpcIngressConnectionName"], self._context.registry
        service = find_service_or_invalid(self._context, principal, request["ServiceArn"])
        if service.configuration.is_public:
            # ASSUMPTION: InvalidRequestException, not InvalidStateException; a call for a public service would settle
            # it.
            raise invalid(f"ServiceArn = {service.arn}, must be a service that is not publicly accessible.")
        reject_unless_running(service, "VPC ingress connection cannot be created for the service")
        living = [each for each in self._all(principal) if not each.is_deleted]
        if any(each.name == name for each in living):
            raise invalid(f"VPC ingress connection with the provided name already exists: {name}")
        most = self._context.quotas.vpc_ingress_connections
        if sum(each.service_arn == service.arn for each in living) >= most:
            raise quota_exceeded("VPC ingress connections of a service", most)
        now = self._context.now()
        connection = VpcIngressResource(
            str(self._context.new_arn(principal, VPC_INGRESS, name)),
            registry.next_number(),
            now,
            tags=self._context.tags(request.get("Tags")),
            service_arn=service.arn,
            # ASSUMPTION: a name of the same form as a public service's (facts 10.2).
            host=f"{self._context.identifiers.host_label()}.{principal.region}.awsapprunner.com",
            status=IngressStatus.PENDING_CREATION,
            changed_at=now,
            vpc=self._vpc(request["IngressVpcConfiguration"]),
        )
        return self._begun(connection)

    def describe(self, principal: Principal, request: Request) -> Answer:
        return _answer(self._find(principal, request[_ARN]))

    def list_page(self, principal: Principal, request: Request) -> Answer:
        wanted = request.get("Filter", {})
        service, endpoint = wanted.get("ServiceArn"), wanted.get("VpcEndpointId")
        found = [
            each
            for each in self._all(principal)
            if not each.is_deleted
            and service in {None, each.service_arn}
            and endpoint in {None, each.vpc["VpcEndpointId"]}
        ]
        page, more = self._context.pages.page(found, principal, "ListVpcIngressConnections", request)
        summaries = [{_ARN: each.arn, "ServiceArn": each.service_arn} for each in page]
        return {"VpcIngressConnectionSummaryList": summaries, **more}

    def update(self, principal: Principal, request: Request) -> Answer:
        connection = self._find(principal, request[_ARN])
        if connection.status not in UPDATABLE:
            raise _rejected("updated", connection)
        if not request["IngressVpcConfiguration"]:
            # ASSUMPTION: rejected, like UpdateService without a configuration (facts 19.5); the text is not AWS's. An
            # update with an empty block on AWS would settle it.
            raise invalid("IngressVpcConfiguration must give VpcId or VpcEndpointId: an update changes at least one.")
        vpc = self._vpc(connection.vpc | request["IngressVpcConfiguration"])
        return self._begun(self._now_in(connection, IngressStatus.PENDING_UPDATE, vpc=vpc))

    def delete(self, principal: Principal, request: Request) -> Answer:
        connection = self._find(principal, request[_ARN])
        if connection.status not in DELETABLE:
            raise _rejected("deleted", connection)
        return self._begun(self._now_in(connection, IngressStatus.PENDING_DELETION))

    # --- for services ----------------------------------------------------------------------------------------------

    def of_service(self, service: ServiceResource) -> VpcIngressResource | None:
        """Return the service's connection that is not DELETED; None if there is none."""
        there = self._context.registry.owned_by(VpcIngressResource, service.owner_key)
        return next((each for each in there if each.service_arn == service.arn and not each.is_deleted), None)

    def start(self) -> None:
        """Continue pending transitions after a restart, and bind the connections that were bound before."""
        for connection in self._context.registry.all(VpcIngressResource):
            if connection.status in SERVES:
                self._tasks.spawn(self._bind_again(connection), f"bind {connection.name}")
            if connection.status in NEXT:
                self._spawn(connection)

    # --- internals -------------------------------------------------------------------------------------------------

    def _begun(self, connection: VpcIngressResource) -> Answer:
        self._context.registry.put(connection)
        self._context.registry.after_commit(lambda: self._spawn(connection))
        return _answer(connection)

    def _spawn(self, connection: VpcIngressResource) -> None:
        self._tasks.spawn(self._settle(connection), f"{connection.status} {connection.name}")

    async def _settle(self, pending: VpcIngressResource) -> None:
        await asyncio.sleep(left_s(self._profile.scaled_ingress_s, pending.changed_at, self._context.now()))
        after = NEXT
        try:
            await self._bind(pending)
        except WorkloadFailed:
            after = FAILED
        registry = self._context.registry
        with registry.change(background=True):
            # the current version, because tags may have changed
            connection = registry.get(VpcIngressResource, pending.arn)
            assert connection is not None, pending.arn
            registry.put(self._now_in(connection, after[connection.status]))

    async def _bind(self, connection: VpcIngressResource) -> None:
        """Bind or unbind, depending on its pending status. Raises WorkloadFailed."""
        if connection.status is IngressStatus.PENDING_DELETION:
            await self._workload.unbind_domain(connection.service_arn, (connection.host,))
        else:
            await self._workload.bind_domain(
                connection.service_arn, (connection.host,), connection.vpc["VpcEndpointId"]
            )

    async def _bind_host(self, connection: VpcIngressResource) -> None:
        endpoint = connection.vpc["VpcEndpointId"]
        await self._workload.bind_domain(connection.service_arn, (connection.host,), endpoint)

    async def _bind_again(self, connection: VpcIngressResource) -> None:
        try:
            await self._workload.bind_domain(
                connection.service_arn, (connection.host,), connection.vpc["VpcEndpointId"]
            )
        except WorkloadFailed as failure:
            _log.warning("%s is not reachable under %s: %s", connection.service_arn, connection.host, failure)

    def _now_in(
        self, connection: VpcIngressResource, status: IngressStatus, *, vpc: dict[str, Any] | None = None
    ) -> VpcIngressResource:
        now = self._context.now()
        return replace(
            connection,
            status=status,
            changed_at=now,
            vpc=vpc or connection.vpc,
            deleted_at=now if status is IngressStatus.DELETED else None,
        )

    def _vpc(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the validated block.

        Raises InvalidRequestException, if VPCs are configured also for ids that do not exist.

        ASSUMPTION: the texts are EC2's for ids that do not exist; calls with such ids on AWS would settle them.
        """
        block, vpcs = _vpc(given), self._context.vpcs
        if vpcs is None:
            return block
        vpc = vpcs.vpc(block["VpcId"])
        if vpc is None:
            near = did_you_mean(block["VpcId"], (each.id for each in vpcs.vpcs)).removeprefix("; ")
            raise invalid(f"The vpc ID '{block['VpcId']}' does not exist", hint=near)
        if block["VpcEndpointId"] not in vpc.endpoints:
            near = did_you_mean(block["VpcEndpointId"], vpc.endpoints).removeprefix("; ")
            raise invalid(f"The Vpc Endpoint Id '{block['VpcEndpointId']}' does not exist", hint=near)
        return block

    def _all(self, principal: Principal) -> list[VpcIngressResource]:
        return self._context.registry.owned_by(VpcIngressResource, owner_key(principal))

    def _find(self, principal: Principal, text: str) -> VpcIngressResource:
        arn = arn_of(text, _ARN, VPC_INGRESS)
        found = (
            self._context.registry.get(VpcIngressResource, str(arn)) if arn.owner_key == owner_key(principal) else None
        )
        if found is None or not self._context.is_there(found):
            raise not_found("VPC ingress connection", text)
        return found


def _rejected(done: str, connection: VpcIngressResource) -> Exception:
    return invalid_state(f"VPC ingress connection cannot be {done} in the current state: {connection.status}.")


def _vpc(given: dict[str, Any]) -> dict[str, Any]:
    for member, prefix in (("VpcId", "vpc-"), ("VpcEndpointId", "vpce-")):
        if not given.get(member, "").startswith(prefix):
            raise invalid(
                f"IngressVpcConfiguration.{member} = {given.get(member, '')!r}, "
                f"must be an id such as {prefix}0123456789abcdef0."
            )
    return {"VpcId": given["VpcId"], "VpcEndpointId": given["VpcEndpointId"]}


def _answer(connection: VpcIngressResource) -> Answer:
    view = {
        _ARN: connection.arn,
        "VpcIngressConnectionName": connection.name,
        "ServiceArn": connection.service_arn,
        "Status": str(connection.status),
        "AccountId": connection.place.account,
        "DomainName": connection.host,
        "IngressVpcConfiguration": connection.vpc,
        "CreatedAt": connection.created_at,
    }
    if connection.deleted_at is not None:
        view["DeletedAt"] = connection.deleted_at
    return {"VpcIngressConnection": view}
