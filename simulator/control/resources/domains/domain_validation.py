"""The status transitions of custom domains. One task per association runs them until a final status.

If records are looked up in DNS, another task renews an ACTIVE domain's certificate until that fails.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Final

from simulator.control.api_context import ApiContext
from simulator.control.domain_checks import DomainChecks
from simulator.control.operations.time_profile import TimeProfile
from simulator.control.operations.workload import Workload, WorkloadFailed
from simulator.control.resources.domains.record_lookup import is_permitted, record_statuses
from simulator.control.wall_clock import left_s
from simulator.model.resources.api_resources import CustomDomainResource
from simulator.model.resources.domain_state import FAILED, WALK, DomainStatus, RecordStatus, is_reserved
from simulator.world.tasks import Tasks

_PENDING: Final = DomainStatus.PENDING_CERTIFICATE_DNS_VALIDATION
_OPEN: Final = RecordStatus.PENDING_VALIDATION

_log = logging.getLogger(__name__)


class DomainValidation:
    def __init__(self, context: ApiContext, workload: Workload, profile: TimeProfile, tasks: Tasks) -> None:
        self._context = context
        self._workload = workload
        self._profile = profile
        self._tasks = tasks
        self._running: dict[str, asyncio.Task[None]] = {}  # key: the domain's key

    def start(self) -> None:
        """Continue pending transitions after a restart, and bind the domains that were bound before."""
        for domain in self._context.registry.all(CustomDomainResource):
            if domain.status in WALK:
                self.follow(domain)
            elif domain.status is DomainStatus.ACTIVE and not domain.has_expired:
                self._run(domain, self._bind_again(domain), f"bind {domain.domain}")

    def follow(self, domain: CustomDomainResource) -> None:
        """Run transitions until a final status, or until another call changes the domain. Call after the commit."""
        self._run(domain, self._walk(domain), f"{domain.status} {domain.domain}")

    def release(self, domain: CustomDomainResource) -> None:
        """Unbind a domain whose service and resource no longer exist."""
        self._run(domain, self._unbind(domain), f"unbind {domain.domain}")

    # --- internals -------------------------------------------------------------------------------------------------

    def _run(self, domain: CustomDomainResource, work: Coroutine[Any, Any, None], name: str) -> None:
        """Start `work` for a domain, and cancel its task that waits for records or for the end of the certificate."""
        before = self._running.pop(domain.key, None)
        if before is not None and self._context.settings.domain_checks is not None:
            before.cancel()
        self._running[domain.key] = task = self._tasks.spawn(work, name)
        task.add_done_callback(lambda ended: self._running.get(domain.key) is ended and self._running.pop(domain.key))

    async def _walk(self, domain: CustomDomainResource) -> None:
        walking: CustomDomainResource | None = domain
        checks = self._context.settings.domain_checks
        while walking is not None and walking.status in WALK:
            await asyncio.sleep(left_s(self._profile.domain_s(walking.status), walking.changed_at, self._context.now()))
            if not self._is_as_it_was(walking):
                return
            if checks is not None and walking.status is _PENDING:
                walking = await self._checked(walking, checks)
            if walking is not None:
                walking = await self._step(walking)
        if walking is not None:
            await self._keep(walking)

    async def _step(self, domain: CustomDomainResource) -> CustomDomainResource | None:
        """Make one transition and return the domain; None if it no longer exists or another call has changed it."""
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
        if after is None:
            with self._context.registry.change(background=True):
                self._context.registry.remove(domain)
            return None
        return self._put(replace(domain, status=after, changed_at=self._context.now()))

    async def _checked(self, domain: CustomDomainResource, checks: DomainChecks) -> CustomDomainResource | None:
        """Look up records until all are found, and return the domain; None if it has failed or was changed.

        ASSUMPTION: a record that was found stays validated, even if it is removed before the others are found; ACM
        caches validations (facts 10.3). Removing one of three records in time would settle it.
        """
        factor, began = self._profile.factor, domain.changed_at
        while True:
            statuses = await record_statuses(domain, checks.lookup)
            if not self._is_as_it_was(domain):
                return None
            known = domain.record_statuses or (_OPEN,) * len(domain.records)
            if statuses is not None:
                known = tuple(
                    RecordStatus.SUCCESS if RecordStatus.SUCCESS in pair else pair[1]
                    for pair in zip(known, statuses, strict=True)
                )
            if known != domain.record_statuses:
                domain = self._put(replace(domain, record_statuses=known))
            left, complete = left_s(factor * checks.give_up_s, began, self._context.now()), _OPEN not in known
            if complete and await is_permitted(domain, checks.lookup):
                return domain if self._is_as_it_was(domain) else None
            # ASSUMPTION: a CAA record that forbids the certificate lets the validation fail as soon as all records are
            # found. Associating a domain with such a record would settle it.
            if complete or left <= 0:
                if self._is_as_it_was(domain):
                    self._put(_failed(domain, self._context.now()))
                return None
            await asyncio.sleep(min(factor * checks.every_s, left))
            if not self._is_as_it_was(domain):
                return None

    async def _keep(self, domain: CustomDomainResource) -> None:
        """Renew the certificate of an ACTIVE domain when that is due, until its records have been missing for too long.

        ASSUMPTION: the domain stays `active` when its certificate ends, and its names are no longer served; the records
        show FAILED. The guide says only to unlink and link it again (facts 10.3). Waiting for one would settle it.
        """
        checks, factor = self._context.settings.domain_checks, self._profile.factor
        if checks is None or domain.status is not DomainStatus.ACTIVE:
            return
        while True:
            await asyncio.sleep(left_s(factor * checks.renewal_s, domain.changed_at, self._context.now()))
            statuses = await record_statuses(domain, checks.lookup)
            if not self._is_as_it_was(domain):
                return
            if statuses is not None and set(statuses) == {RecordStatus.SUCCESS}:
                domain = self._put(replace(domain, record_statuses=statuses, changed_at=self._context.now()))
                continue
            left = left_s(factor * checks.valid_s, domain.changed_at, self._context.now())
            if left <= 0:
                await self._expire(domain)
                return
            if statuses is not None and statuses != domain.record_statuses:
                _log.warning(
                    "custom domain %s: its certificate cannot be renewed, because its DNS records are missing",
                    domain.domain,
                )
                domain = self._put(replace(domain, record_statuses=statuses))
            await asyncio.sleep(min(factor * checks.every_s, left))
            if not self._is_as_it_was(domain):
                return

    async def _expire(self, domain: CustomDomainResource) -> None:
        _log.warning(
            "custom domain %s: its certificate has expired; disassociate and associate it again", domain.domain
        )
        expired = self._put(_without_certificate(domain))
        await self._unbind(expired)

    def _put(self, domain: CustomDomainResource) -> CustomDomainResource:
        with self._context.registry.change(background=True):
            self._context.registry.put(domain)
        return domain

    def _is_as_it_was(self, domain: CustomDomainResource) -> bool:
        return self._context.registry.get(CustomDomainResource, domain.key) == domain

    async def _bind_again(self, domain: CustomDomainResource) -> None:
        try:
            await self._workload.bind_domain(domain.service_arn, domain.names)
        except WorkloadFailed:
            self._put(replace(domain, status=DomainStatus.CREATE_FAILED, changed_at=self._context.now()))
            return
        await self._keep(domain)

    async def _unbind(self, domain: CustomDomainResource) -> None:
        try:
            await self._workload.unbind_domain(domain.service_arn, domain.names)
        except WorkloadFailed:
            return  # neither the service nor the association exists, so there is nothing to report to


def _without_certificate(domain: CustomDomainResource) -> CustomDomainResource:
    """Mark the records that are not validated as failed; all records if DNS has not answered."""
    known = domain.record_statuses
    if set(known) <= {RecordStatus.SUCCESS}:
        known = (_OPEN,) * len(domain.records)
    return replace(domain, record_statuses=tuple(RecordStatus.FAILED if each is _OPEN else each for each in known))


def _failed(domain: CustomDomainResource, now: float) -> CustomDomainResource:
    """Return the domain after a validation that ended without a certificate."""
    return replace(_without_certificate(domain), status=FAILED[_PENDING], changed_at=now)
