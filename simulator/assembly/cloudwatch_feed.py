"""Input of the CloudWatch exporter: the identities and readings of a platform's services, and their log lines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from simulator.control.operations.service_events import EVENTS_STREAM, PREFIX
from simulator.control.state.log_entries import EntriesAdded, EntryKind
from simulator.fleet.instance import Instance
from simulator.model.resources.arn import Arn
from simulator.platform.platform import Platform
from simulator.platform.service_workload import PlatformWorkload
from simulator.records.events import EventLogged, LineLogged, OutputWritten
from simulator.records.journal import Journal
from simulator.telemetry.cloudwatch.exporter import CloudWatch
from simulator.telemetry.cloudwatch.platform_view import InstanceReading, ServiceIdentity


class _View:
    """Implements `PlatformView`. The caller provides the identities of the services."""

    def __init__(
        self,
        platform: Platform,
        identity: Callable[[str], ServiceIdentity | None],
        instance_id: Callable[[str, int], str],
    ) -> None:
        self.identity = identity
        self.tasks = platform.tasks
        self._platform = platform
        self._instance_id = instance_id

    def readings(self, service: str) -> Sequence[InstanceReading]:
        found = self._platform.services.get(service)
        if found is None:
            return ()
        readings = []
        for revision in found.revisions:
            for instance in revision.replica_set.living():
                usage = instance.backend.usage() if instance.is_provisioned else None
                if usage is not None:
                    name = self._instance_id(service, instance.number)
                    readings.append(InstanceReading(name, self._age_s(instance), revision.settings.size, usage))
        return readings

    def _age_s(self, instance: Instance) -> float:
        """Return the age of an instance in seconds; infinite if it existed before the run."""
        launched_at_s = instance.launched_at_s
        return self._platform.clock.at_s() - launched_at_s if launched_at_s > 0 else math.inf


def run_view(platform: Platform, region: str) -> _View:
    """Return the view of a scenario's run; the same seed gives the same ids."""
    streams = platform.streams

    def identity(service: str) -> ServiceIdentity:
        return ServiceIdentity(service, streams.identifier("service", service), region)

    return _View(platform, identity, lambda service, number: streams.identifier("instance", service, number))


def serving_view(platform: Platform, workload: PlatformWorkload) -> _View:
    """Return the view of services of the API, with the names and ids that the API uses."""

    def identity(service: str) -> ServiceIdentity | None:
        arn = workload.arn(service)
        return identity_of(arn) if arn is not None else None

    def instance_id(service: str, number: int) -> str:
        return workload.instance_id(workload.arn(service) or service, number)

    return _View(platform, identity, instance_id)


def identity_of(service_arn: str) -> ServiceIdentity:
    """Return the identity of a service of the API, which may have been deleted."""
    arn = Arn.parse(service_arn)
    return ServiceIdentity(arn.name, arn.resource_id or "", arn.region)


def feed_entries(cloudwatch: CloudWatch, journal: Journal) -> None:
    """Send the control plane's log entries to CloudWatch from now on."""

    def added(event: EntriesAdded) -> None:
        for entry in event.entries:
            if entry.kind is EntryKind.LOG and entry.service:
                cloudwatch.log(identity_of(entry.service), entry.stream, entry.text, entry.at)

    journal.subscribe(EntriesAdded, added)


def feed_run(cloudwatch: CloudWatch, platform: Platform, view: _View) -> None:
    """Send event logs, other logs and the output of instances from now on."""

    def written(output: OutputWritten) -> None:
        number = platform.streams.identifier("instance", output.service, output.instance)
        log(output.service, f"instance/{number}", output.line)

    def log(service: str, stream: str, text: str) -> None:
        identity = view.identity(service)
        if identity is not None:
            cloudwatch.log(identity, stream, text)

    platform.journal.subscribe(EventLogged, lambda event: log(event.service, EVENTS_STREAM, PREFIX + event.line))
    platform.journal.subscribe(LineLogged, lambda event: log(event.service, event.stream, event.line))
    platform.journal.subscribe(OutputWritten, written)
