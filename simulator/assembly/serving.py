"""Assembles what `simulator serve` runs: the platform with its load balancer, and the control plane."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import Final, Self

from simulator.assembly.composition import compose_platform
from simulator.assembly.control_plane import ControlPlane, ControlPlaneSettings
from simulator.builds.local import LocalBuilder
from simulator.builds.settings import BuildSettings
from simulator.control.operations.image_pushes import ImagePushes
from simulator.edge.live.live_settings import LiveSettings
from simulator.platform.applications import Applications, ApplicationSettings
from simulator.platform.branch_trees import BranchTrees, watched_branch
from simulator.platform.platform import Platform
from simulator.platform.service_workload import PlatformWorkload, WorkloadSettings
from simulator.records.journal import Journal
from simulator.telemetry.exporters import NO_EXPORTS, Exporters, ExportSettings
from simulator.world.random_streams import RandomStreams
from simulator.world.tasks import first_of

EVENTS_KEPT: Final = 10_000  # bounds the memory of a platform that runs without end; some megabytes
_SEED_BITS: Final = 63


@dataclass(frozen=True, slots=True)
class ServingSettings:
    """Settings, and the applications of image identifiers. `builds`: for source code; None disables builds."""

    control: ControlPlaneSettings
    front: LiveSettings
    workload: WorkloadSettings = field(default_factory=WorkloadSettings)
    applications: ApplicationSettings = field(default_factory=ApplicationSettings)
    builds: BuildSettings | None = None
    exports: ExportSettings = NO_EXPORTS


class Serving:
    """A running platform with its control plane, ready for requests. The caller must close it."""

    def __init__(
        self,
        platform: Platform,
        workload: PlatformWorkload,
        plane: ControlPlane,
        builder: LocalBuilder | None = None,
        exporters: Exporters | None = None,
    ) -> None:
        self.trees = BranchTrees(builder.repositories) if builder is not None else None
        self._builder = builder
        self.platform = platform
        self.workload = workload
        self.plane = plane
        self.exporters = exporters

    async def until_broken(self) -> None:
        """Wait until background work raises an exception, which would be a bug; raise it."""
        failures = (self.plane.tasks.failed, self.platform.tasks.failed)
        failures[await first_of(*failures)].result()

    async def close(self) -> None:
        """Close the API, then its operations, then the instances."""
        await self.plane.close()
        if self.exporters is not None:
            self.platform.count_last()
            await self.exporters.close()
        await self.platform.close()
        if self.exporters is not None:
            await self.exporters.close_logs()
        if self._builder is not None:
            await self._builder.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def open_serving(settings: ServingSettings) -> Serving:
    """Open API and load balancer. Raises as `open_control_plane` does, and OSError if a port is not available."""
    # A new seed: the ids of instances must differ from those of the previous start.
    streams, measured = RandomStreams(secrets.randbits(_SEED_BITS)), settings.exports.measures
    platform = compose_platform((), streams, settings.front, journal=Journal(EVENTS_KEPT), measured=measured)
    exporters: Exporters | None = None
    try:
        builder = LocalBuilder(settings.builds) if settings.builds is not None else None
        runs = settings.applications if builder is None else replace(settings.applications, builder=builder)
        given = replace(settings.workload, collector=settings.exports.traces_to)
        workload = PlatformWorkload(platform, Applications(runs), given)
        # from here on this process owns the state folder
        plane = ControlPlane(settings.control, workload, platform.journal)
        try:
            if settings.exports.is_wanted:
                from simulator.assembly.cloudwatch_feed import feed_entries, serving_view  # noqa: PLC0415

                view = serving_view(platform, workload)
                exporters = Exporters(platform.metrics, settings.exports, platform.clock.at_s, view)
                if exporters.cloudwatch is not None:
                    feed_entries(exporters.cloudwatch, platform.journal)
                if exporters.tracing is not None:
                    platform.trace(exporters.tracing, workload.id_of_instance)
            await platform.open()
            platform.start()
            if exporters is not None:
                await exporters.open()
            if (book := settings.control.api.vpc_book) is not None:
                await book.start(workload.network_changed, plane.tasks)
            await plane.open()
        except BaseException:
            await plane.close()
            raise
    except BaseException:
        if exporters is not None:
            await exporters.close()
            await exporters.close_logs()
        await platform.close()
        raise
    serving = Serving(platform, workload, plane, builder, exporters)
    if serving.trees is not None:
        pushes = ImagePushes(plane.registry, serving.trees, plane.api.deploy_automatically, watched_branch)
        plane.tasks.spawn(pushes.run(), "pushes to branches")
    return serving
