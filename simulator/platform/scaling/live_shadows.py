"""The shadows of running services: what other policies would have decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.platform.platform import Platform, Service
from simulator.platform.scaling.policy_choice import PolicyChoice, on_policy_failure
from simulator.platform.scaling.shadow import Shadow, ShadowDecision
from simulator.records.events import RevisionSwitched, SecondClosed
from simulator.rules.policies.port import Policy


class LiveShadows:
    """One shadow of each choice for every service, from its first revision on.

    The desired counts are in `Service.shadows` and in the metrics. `report` is called with the service's name and a
    line for each change of a desired count, and `failed` for each failure of a user's policy.
    """

    def __init__(
        self,
        platform: Platform,
        choices: Sequence[PolicyChoice],
        report: Callable[[str, str], None],
        failed: Callable[[str, str], None],
    ) -> None:
        self._platform = platform
        self._choices = choices
        self._report = report
        self._failed = failed
        self._shadows: dict[Service, dict[str, Shadow]] = {}
        platform.journal.subscribe(RevisionSwitched, self._switched)
        platform.journal.subscribe(SecondClosed, self._closed)
        for service in platform.services.values():
            self._attach(service)

    def of(self, service: Service) -> list[Shadow]:
        """Return the shadows of a service."""
        return list(self._shadows.get(service, {}).values())

    def follow(self, service: Service, policy: Policy) -> None:
        """Evaluate `policy` in place of the shadow of the same name, because its file has changed."""
        shadow = self._shadows.get(service, {}).get(policy.name)
        if shadow is not None:
            shadow.follow(policy)

    def _switched(self, event: RevisionSwitched) -> None:
        self._shadows = {one: kept for one, kept in self._shadows.items() if self._is_known(one)}
        service = self._platform.services.get(event.service)
        if service is not None:
            self._attach(service)

    def _is_known(self, service: Service) -> bool:
        return self._platform.services.get(service.name) is service

    def _attach(self, service: Service) -> None:
        if service.revision is None or service in self._shadows:
            return
        size, scaling = service.serving.settings.size, service.pool.scaling
        shadows: dict[str, Shadow] = {}
        for choice in self._choices:
            policy = choice.build(size, scaling)
            on_policy_failure(policy, lambda line, name=service.name: self._failed(name, line))  # type: ignore[misc]
            shadows[policy.name] = Shadow(
                service, policy, choice.needs, self._platform.clock.at_s, self._decided(service.name, policy.name)
            )
        self._shadows[service] = shadows
        self._show(service, shadows)

    def _decided(self, service: str, policy: str) -> Callable[[ShadowDecision], None]:
        def decided(change: ShadowDecision) -> None:
            self._report(
                service,
                f"shadow {policy}: {change.before} > {change.desired} instances, {change.formula}; "
                f"{change.acting} are desired",
            )

        return decided

    def _closed(self, closed: SecondClosed) -> None:
        service = self._platform.services.get(closed.service)
        shadows = self._shadows.get(service) if service is not None else None
        if service is None or shadows is None or service.revision is None:
            return
        for shadow in shadows.values():
            shadow.second_closed(closed.sample)
        self._show(service, shadows)

    def _show(self, service: Service, shadows: dict[str, Shadow]) -> None:
        desired = {name: shadow.desired for name, shadow in shadows.items()}
        service.shadows.update(desired)
        if self._platform.metrics is not None:
            self._platform.metrics.of(service.name).shadows.update(desired)
