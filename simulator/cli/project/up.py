"""`simulator up`: builds a project's folder and serves it over HTTPS; with `--watch` again after every save."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from simulator.assembly.composition import compose_platform
from simulator.builds.artifact import BuildFailed, SourceDescription
from simulator.builds.config.file import FILE_NAME
from simulator.builds.dockerfile.build_context import DOCKERFILE
from simulator.builds.dockerfile.builder import DockerfileBuilder
from simulator.builds.local import LocalBuilder
from simulator.builds.settings import BuildSettings
from simulator.cli.build_options import build_settings
from simulator.cli.engine import engine_host
from simulator.cli.exit_codes import BAD_INPUT, BROKE, OK, bad_input, broke, error_text
from simulator.cli.front.access_log_file import opened_log, tell_losses
from simulator.cli.front.live_commands import live_commands
from simulator.cli.front.policy_keeping import begin_shadows, keep_policy
from simulator.cli.front.scaling_section import shadow_choices
from simulator.cli.front.serving_options import BalancerOptions, ScalingOptions
from simulator.cli.listening import allow_many_files, cannot_open, keep_what_started
from simulator.cli.options import grouped
from simulator.cli.platform.dns_section import DnsSection
from simulator.cli.platform.event_lines import check_loudness, tell_events
from simulator.cli.printing import echo
from simulator.cli.project.up_names import FirstAnswers, hosts_of, names_text
from simulator.cli.project.up_options import ProjectBuildOptions, UpOptions, UpPorts
from simulator.cli.state.folder import state_folder
from simulator.edge.access_log_entry import LogFormat
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import LaunchError
from simulator.fleet.process.confinement.isolation import find_namespaces
from simulator.model.text.problems import FileProblems
from simulator.platform.scaling.policy_choice import PolicyChoice
from simulator.platform.source_service import SourceService
from simulator.records.events import OutputWritten
from simulator.records.journal import Journal
from simulator.scenario.on_policy_error import OnPolicyError
from simulator.scenario.sections.policy_spec import DEFAULT_POLICY
from simulator.world.clock import ClockKind, run
from simulator.world.random_streams import RandomStreams
from simulator.world.tasks import first_of

if TYPE_CHECKING:
    from simulator.cli.platform.serve_dns import ServeDns

_LOOK_S: Final = 0.3  # seconds between checks of the folder; each takes git a few milliseconds
_PAUSES: Final = 10  # minimum pause as a multiple of a check's duration: a large folder uses a tenth of a core
_EVENTS_KEPT: Final = 10_000
_SEED_BITS: Final = 63


@grouped
def up(
    options: UpOptions,
    ports: UpPorts,
    balancer: BalancerOptions,
    scaling: ScalingOptions,
    builds: ProjectBuildOptions,
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The project's folder.")] = Path(),
) -> None:
    """Build the project in a folder by its apprunner.yaml, or else its Dockerfile, and serve it over HTTPS."""
    check_loudness(quiet=options.quiet, verbose=options.verbose)
    folder = folder.resolve()
    _check(folder, {**builds.of_file, "--secrets-file": options.secrets_file})
    kept, host = state_folder(options.state), engine_host(builds.engine)
    try:
        settings = build_settings(
            kept,
            builds.toolchain,
            builds.build_image,
            builds.run_image,
            runtime_images=builds.runtime_images,
            near_versions=builds.near_versions,
            offline=builds.offline,
            engine=host,
        )
        dns = DnsSection(port=ports.dns_port).opened(kept)
        scaled = _Scaled(
            PolicyChoice(scaling.policy or DEFAULT_POLICY, scaling.on_policy_error or OnPolicyError.HOLD),
            shadow_choices(scaling.shadow),
            balancer.of_config["front_balancing"] or PoolSettings("").balancing,
        )
    except ValueError as error:
        bad_input(str(error))
    allow_many_files()
    stop = asyncio.Event()
    shown = _Shown(_silent if options.quiet else echo, with_events=options.verbose)
    place = SecretsPlace(options.secrets_file)
    with contextlib.ExitStack() as files:
        live = LiveSettings(
            kept,
            https_port=ports.https_port,
            profile=options.profile,
            websocket=bool(balancer.websocket),
            access_log=opened_log(balancer.access_log, files),
            access_log_format=balancer.access_log_format or LogFormat.JSON,
            engine=host,
        )
        run(
            ClockKind.REAL,
            lambda: _up(folder, settings, live, place, stop, shown, dns, scaled, watch=options.watch),
            stop.set,
        )


@dataclass(frozen=True, slots=True)
class _Shown:
    """The output while the project is served. `tell` receives the lines that --quiet hides."""

    tell: Callable[[str], None]
    with_events: bool


@dataclass(frozen=True, slots=True)
class _Scaled:
    """How the service scales, and how its requests are balanced."""

    policy: PolicyChoice
    shadows: tuple[PolicyChoice, ...]
    balancing: str


def _failed(_service: str, line: str) -> None:
    echo(line, err=True)


def _silent(_line: str) -> None:
    """Discard the line."""


def _check(folder: Path, of_file: Mapping[str, object]) -> None:
    """Check the options. `of_file`: values of options that apply only to an apprunner.yaml."""
    if not folder.is_dir():
        bad_input(f"DIR = {folder}, must be a folder")
    if (folder / FILE_NAME).is_file():
        return
    if (folder / DOCKERFILE).is_file():
        given = [option for option, value in of_file.items() if value]
        if given:
            bad_input(f"{given[0]} = given, must come with an {FILE_NAME}; {folder} has a {DOCKERFILE} only")
    else:
        bad_input(
            f"{folder} has no {FILE_NAME}, which configures how to build and run it, and no {DOCKERFILE}: "
            f"`simulator init {folder}` writes the first"
        )


def _builder(folder: Path, settings: BuildSettings, tell: Callable[[str], None]) -> LocalBuilder | DockerfileBuilder:
    if (folder / FILE_NAME).is_file():
        return LocalBuilder(settings)
    tell(
        f"[AppRunner] There is no {FILE_NAME}: the image of the {DOCKERFILE} is run. App Runner itself builds no "
        f"{DOCKERFILE}s; it would run the image from ECR."
    )
    return DockerfileBuilder(settings)


async def _print_isolation() -> None:
    """Print which isolation of builds and instances this machine lacks, before any code of the project runs."""
    namespaces = await asyncio.get_running_loop().run_in_executor(None, find_namespaces)
    if not namespaces.is_apart:
        echo(f"processes as instances, and builds: {namespaces}", err=True)


async def _up(
    folder: Path,
    settings: BuildSettings,
    live: LiveSettings,
    place: SecretsPlace,
    stop: asyncio.Event,
    shown: _Shown,
    dns: ServeDns | None,
    scaled: _Scaled,
    *,
    watch: bool,
) -> None:
    builder = _builder(folder, settings, shown.tell)
    if isinstance(builder, LocalBuilder):
        await _print_isolation()
    platform = compose_platform((), RandomStreams(secrets.randbits(_SEED_BITS)), live, journal=Journal(_EVENTS_KEPT))
    platform.journal.subscribe(OutputWritten, lambda output: shown.tell(f"[instance/{output.instance}] {output.line}"))
    if shown.with_events:
        tell_events(platform.journal, functools.partial(echo, err=True))
    async with contextlib.AsyncExitStack() as closing:
        closing.push_async_callback(builder.close)
        closing.callback(tell_losses, platform)
        closing.push_async_callback(platform.close)
        name = service_name(folder)
        try:
            await platform.open()
            platform.start()
            if dns is not None and platform.front is not None:
                closing.push_async_callback(dns.close)
                for line in await dns.open(platform.front):
                    shown.tell(line)
            await closing.enter_async_context(live_commands(live.state, name, platform))
            service = platform.add(name, hosts_of(name))
            source = SourceDescription(str(folder), "")
            serving = SourceService(
                platform, service, builder, source, shown.tell, place, scaled.policy, scaled.balancing
            )
            keep_policy(platform, scaled.policy, _failed)
            begin_shadows(platform, scaled.shadows, lambda _name, line: shown.tell(f"[scaling] {line}"), _failed)
            stopped = platform.tasks.spawn(stop.wait(), "until stopped")
            work = platform.tasks.spawn(_serve(serving, builder, watch=watch), "serve")
            if await first_of(stopped, work, platform.tasks.failed) != 0:
                if not work.done() and (failure := platform.tasks.failed.exception()) is not None:
                    broke(f"the simulator failed: {error_text(failure)}")
                raise typer.Exit(work.result() if work.done() else BROKE)
        except OSError as error:
            cannot_open(error, {"--https-port": live.https_port, "--dns-port": 0 if dns is None else dns.port})


async def _serve(serving: SourceService, builder: LocalBuilder | DockerfileBuilder, *, watch: bool) -> int:
    """Serve until interrupted.

    Return the exit code if the first version does not start and the folder is not watched.
    """
    state = await builder.state(serving.source)
    code = await _deployed(serving, builder)
    if code != OK and not watch:
        return code
    front = serving.platform.front
    assert front is not None
    for line in names_text(serving.service.name, front):
        echo(line)
    keep_what_started()
    loop, pause_s = asyncio.get_running_loop(), _LOOK_S
    while True:
        await asyncio.sleep(pause_s)
        if not watch:
            continue
        began_s = loop.time()
        seen = await builder.state(serving.source)
        pause_s = max(_LOOK_S, _PAUSES * (loop.time() - began_s))
        if seen != state:
            await asyncio.sleep(_LOOK_S)
            state = await builder.state(serving.source)
            if state == seen:  # the folder is no longer changing
                await _deployed(serving, builder)


async def _deployed(serving: SourceService, builder: LocalBuilder | DockerfileBuilder) -> int:
    """Deploy the folder.

    Return the exit code: 2 for an invalid file, 3 for a version that cannot be built or started.
    """
    try:
        await serving.deploy()
    except BuildFailed as failed:
        for line in (
            *failed.lines,
            f"[AppRunner] Failed to build your application source code. Reason: {failed.reason}",
        ):
            echo(line)
        code = BAD_INPUT if isinstance(failed.__cause__, FileProblems) else BROKE
    except (LaunchError, OSError) as error:
        echo(f"[AppRunner] Deployment failed. Failure reason: {error}")
        code = BROKE
    else:
        front = serving.platform.front
        assert front is not None
        front.observe_access_log(FirstAnswers(serving.service.name, front, echo).hear)
        if isinstance(builder, DockerfileBuilder) and serving.serves is not None:
            await builder.drop_others(serving.serves)
        return OK
    if serving.serves is not None:
        echo("[AppRunner] The previous version continues to serve.")
    return code


def service_name(folder: Path) -> str:
    """Return a name for the service from the folder's, with only the characters that a host name allows."""
    return re.sub(r"[^a-z0-9-]+", "-", folder.name.lower()).strip("-")[:40] or "service"
