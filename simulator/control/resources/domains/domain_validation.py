"""The status transitions of custom domains: one task per association runs them until a final status."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from simulator.control.api_context import ApiContext
from simulator.control.operations.time_profile import TimeProfile
from simulator.control.operations.workload import Workload, WorkloadFailed
from simulator.control.wall_clock import left_s
from simulator.model.resources.api_resources import CustomDomainResource
from simulator.model.resources.domain_state import FAILED, WALK, DomainStatus, is_reserved
from simulator.world.tasks import Tasks


class DomainValidation:
    def __init__(self, context: ApiContext, workload: Workload, profile: TimeProfile, tasks: Tasks) -> None:
        self._context = context
        self._workload = workload
        self._profile = profile
        self._tasks = tasks

    def start(self) -> None:
        """Continue pending transitions after a restart, and bind the domains that were bound."""
        for domain in self._context.registry.all(CustomDomainResource):
            if domain.status in WALK:
                self.follow(domain)
            elif domain.status is DomainStatus.ACTIVE:
                self._tasks.spawn(self._bind_again(domain), f"bind {domain.domain}")

    def follow(self, domain: CustomDomainResource) -> None:
        """Run transitions until a final status or another call's change. Call after the commit of its status."""
        self._tasks.spawn(self._walk(domain), f"{domain.status} {domain.domain}")

    def release(self, domain: CustomDomainResource) -> None:
        """Unbind a domain whose service and resource no longer exist."""
        self._tasks.spawn(self._unbind(domain), f"unbind {domain.domain}")

    async def _walk(self, domain: CustomDomainResource) -> None:
        walking: CustomDomainResource | None = domain
        while walking is not None and walking.status in WALK:
            await asyncio.sleep(left_s(self._profile.domain_s(walking.status), walking.changed_at, self._context.now()))
            walking = await self._step(walking) if self._is_as_it_was(walking) else None

    async def _step(self, domain: CustomDomainResource) -> CustomDomainResource | None:
        """Make one transition and return the domain; None if it is gone or another call has changed it."""
        after = WALK[domain.status]
        if domain.status is DomainStatus.CREATING and is_reserved(domain.domain):
            after = FAILED[domain.status]
        try:
            if domain.status is DomainStatus.BINDING_CERTIFICATE:
                await self._workload.bind_domain(domain.service_arn, domain.names)
            elif domain.status is DomainStatus.DELETING:
                await self._workload.unbind_domain(domain.service_arn, domain.names)
        except WorkloadFailed:
            after = FAILED[domain.status]
        if not self._is_as_it_was(domain):
            return None
        registry = self._context.registry
        with registry.change(background=True):
            if after is None:
                registry.remove(domain)
                return None
            moved = replace(domain, status=after, changed_at=self._context.now())
            registry.put(moved)
        return moved

    def _is_as_it_was(self, domain: CustomDomainResource) -> bool:
        return self._context.registry.get(CustomDomainResource, domain.key) == domain

    async def _bind_again(self, domain: CustomDomainResource) -> None:
        try:
            await self._workload.bind_domain(domain.service_arn, domain.names)
        except WorkloadFailed:
            with self._context.registry.change(background=True):
                failed = replace(domain, status=DomainStatus.CREATE_FAILED, changed_at=self._context.now())
                self._context.registry.put(failed)

    async def _unbind(self, domain: CustomDomainResource) -> None:
        try:
            await self._workload.unbind_domain(domain.service_arn, domain.names)
        except WorkloadFailed:
            return  # neither the service nor the association exists, so there is nothing to report
