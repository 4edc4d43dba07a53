"""Loads a user's policy again when its file has changed, while services run.

The new version replaces the old one only if it works: it is loaded and instantiated, observes the last minutes of every
service, and decides once without effect. Otherwise the old version stays, and the reason is reported with file and
line. A version that takes over has observed those minutes, so its averages do not begin empty.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.sizes import InstanceSize
from simulator.platform.platform import Platform, Service
from simulator.platform.scaling.policy_choice import PolicyChoice, on_policy_failure
from simulator.records.events import RevisionSwitched, SecondClosed
from simulator.rules.policies.port import Observation, Policy, Sample
from simulator.scenario.user_policy import UserPolicyError

LOOK_S: Final = 0.5  # seconds between checks of the file
SECONDS_KEPT: Final = 300

_IDLE: Final = Observation(0.0, 1, 0, 0, 0, AutoScalingConfiguration())  # that of a new service without requests
_Version = tuple[int, int, int]


class PolicyReload:
    """Replaces the policies of services when their file has changed. `report` receives lines about a changed file;
    `failed` is called with the service's name and a line for each failure of an acting policy.
    """

    def __init__(
        self,
        platform: Platform,
        choice: PolicyChoice,
        report: Callable[[str], None],
        failed: Callable[[str, str], None],
        follow: Callable[[Service, Policy], None] | None = None,
    ) -> None:
        """Create it. `follow`: replaces a policy by one of the new version; None: in the service's autoscaler."""
        self._follow = follow or _act
        self._platform = platform
        self._choice = choice
        self._report = report
        self._failed = failed
        self._seen: defaultdict[str, deque[Sample]] = defaultdict(lambda: deque(maxlen=SECONDS_KEPT))
        self._version = self._file_version()
        # services that scale now or did before: each has a policy
        self._scaled = {name: None for name, service in platform.services.items() if service.revision is not None}
        platform.journal.subscribe(RevisionSwitched, self._switched)
        platform.journal.subscribe(SecondClosed, lambda closed: self._seen[closed.service].append(closed.sample))

    async def run(self) -> None:
        """Check the file repeatedly until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.follow_file()

    def follow_file(self) -> None:
        """Use the current version of the file if it has changed and works."""
        version = self._file_version()
        if version == self._version:
            return
        self._version = version
        try:
            new = self._choice.reloaded()
            made = [(service, self._proved(new, service)) for service in self._services()]
            if not made:
                _try(new.build(InstanceSize(), _IDLE.scaling), (), _IDLE)
        except (ValueError, UserPolicyError) as error:
            self._report(
                f"policy {self._choice.text}: the changed file is not used, the previous version stays: {error}"
            )
            return
        self._choice.adopt(new)
        for service, policy in made:
            self._take_over(service, policy)
        names = ", ".join(service.name for service, _ in made) or "no service yet"
        self._report(f"policy {self._choice.text}: the changed file is used now, for {names}")

    def _file_version(self) -> _Version | None:
        """Return a value that changes whenever the file is saved; None while there is no file."""
        assert self._choice.file is not None, "a policy of the registry has no file"
        try:
            found = self._choice.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _switched(self, event: RevisionSwitched) -> None:
        service = self._platform.services.get(event.service)
        if service is not None and service.revision is not None:
            self._scaled[event.service] = None

    def _services(self) -> list[Service]:
        """Return the services that scale now or did before."""
        for gone in [name for name in self._scaled if name not in self._platform.services]:
            del self._scaled[gone]
            self._seen.pop(gone, None)
        return [self._platform.services[name] for name in self._scaled]

    def _proved(self, choice: PolicyChoice, service: Service) -> Policy:
        """Return a policy that has observed the service's last minutes, after another instance decided without error.

        Raises:
            UserPolicyError: if the decision fails.
        """
        seen = self._seen[service.name]
        _try(self._made(choice, service), seen, service.autoscaler.observation())
        policy = self._made(choice, service)
        for sample in seen:
            policy.observe(sample)
        return policy

    def _made(self, choice: PolicyChoice, service: Service) -> Policy:
        before = service.autoscaler
        return choice.build(before.settings.size, before.observation().scaling)

    def _take_over(self, service: Service, policy: Policy) -> None:
        name = service.name
        on_policy_failure(policy, lambda line: self._failed(name, line))
        self._follow(service, policy)


def _act(service: Service, policy: Policy) -> None:
    service.autoscaler.follow(policy)


def _try(policy: Policy, seen: Iterable[Sample], now: Observation) -> None:
    """Let a policy that is not used observe and decide. Raises UserPolicyError if it fails."""
    failures: list[str] = []
    on_policy_failure(policy, failures.append)
    for sample in seen:
        policy.observe(sample)
        if failures:
            break
    else:
        policy.decide(now)
    if failures:
        raise UserPolicyError(failures[0])
