"""`simulator serve`: the platform behind App Runner's API, until interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import re
from typing import TYPE_CHECKING, Final

from simulator.assembly.serving import Serving, ServingSettings, open_serving
from simulator.cli.access.keys_section import policy_warnings
from simulator.cli.console_port import port_taken
from simulator.cli.engine import engine_host
from simulator.cli.exit_codes import bad_input, broke, details_of, error_text
from simulator.cli.front.access_log_file import tell_losses
from simulator.cli.front.console_options import LiveConsoleOptions
from simulator.cli.front.live_commands import add_live_commands
from simulator.cli.front.policy_keeping import begin_shadows, keep_policy
from simulator.cli.front.serving_options import BalancerOptions, ScalingOptions
from simulator.cli.listening import allow_many_files, cannot_open, keep_what_started
from simulator.cli.options import grouped
from simulator.cli.platform.event_lines import check_loudness, tell_events
from simulator.cli.platform.serve_config import ServeConfig, load_config, with_options
from simulator.cli.platform.serve_options import (
    AddressOptions,
    HeaderOptions,
    OperationTimeOptions,
    ServeOptions,
    TelemetryOptions,
)
from simulator.cli.printing import echo
from simulator.cli.state.folder import state_folder
from simulator.control.state.log_entries import EntriesAdded, EntryKind
from simulator.control.state.serialization import DocumentError
from simulator.control.state.store_file import StoreError
from simulator.control.state.store_lock import StateHeld
from simulator.edge.live.front import Front
from simulator.fleet.process.confinement.isolation import find_namespaces
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.service_state import ServiceStatus
from simulator.platform.service_workload import LOCAL_DOMAIN, local_host
from simulator.rules.pricing import Rates
from simulator.scenario.problems import ScenarioError
from simulator.scenario.sections.aws_spec import ENDPOINT
from simulator.wire.listening import holder
from simulator.world.clock import ClockKind, run
from simulator.world.tasks import first_of

if TYPE_CHECKING:
    from simulator.cli.platform.serve_dns import ServeDns

_ENTRY_KINDS: Final = {EntryKind.EVENT: "event", EntryKind.AUDIT: "API call"}


@grouped
def serve(
    options: ServeOptions,
    addresses: AddressOptions,
    balancer: BalancerOptions,
    headers: HeaderOptions,
    scaling: ScalingOptions,
    telemetry: TelemetryOptions,
    times: OperationTimeOptions,
    console: LiveConsoleOptions,
) -> None:
    """Serve App Runner's API on this machine, for the AWS CLI, SDKs, Terraform and other AWS clients."""
    check_loudness(quiet=options.quiet, verbose=options.verbose)
    try:
        _check_endpoint(telemetry.cloudwatch)
        chosen = with_options(
            load_config(options.config) if options.config is not None else ServeConfig.unchanged(),
            **options.of_config,
            **addresses.of_config,
            **balancer.of_config,
            **headers.of_config,
            **scaling.of_config,
            **telemetry.of_config,
            **times.of_config,
        )
        settings = chosen.serving(folder := state_folder(options.state), engine_host(options.engine))
        dns = chosen.dns.opened(folder)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    for warning in policy_warnings(settings.control.authentication.keys):
        echo(f"warning: {warning}", err=True)
    allow_many_files()
    stop = asyncio.Event()
    rates = None if chosen.prices is None else chosen.prices.rates
    with contextlib.ExitStack() as files:
        inputs = [] if options.config is None else [options.config]
        front = chosen.front.with_logs(settings.front, files, inputs, chosen.waf.log)
        settings = dataclasses.replace(settings, front=front)
        run(ClockKind.REAL, lambda: _serve(settings, stop, options, console, rates, dns), stop.set)


def _follow_keys(serving: Serving, settings: ServingSettings, options: ServeOptions) -> None:
    """Read access keys and roles again when their files change, if there is a file with keys or roles."""
    authentication = settings.control.authentication
    if options.config is None or (authentication.is_open and authentication.sessions is None):
        return
    from simulator.cli.access.keys_reload import KeysReload  # noqa: PLC0415 only with keys

    listener = settings.control.listener
    must_have_keys = listener is not None and not listener.is_loopback
    report, file = functools.partial(echo, err=True), options.config
    reload = KeysReload(file, lambda: load_config(file).api, authentication, report, must_have_keys=must_have_keys)
    serving.plane.tasks.spawn(reload.run(), "access keys")


def _check_endpoint(url: str | None) -> None:
    """Raise ValueError if the URL of `--cloudwatch` is invalid."""
    if url is not None and not re.match(ENDPOINT, url):
        raise ValueError(f"cloudwatch = {url!r}, must be a URL such as http://127.0.0.1:5000")


async def _serve(
    settings: ServingSettings,
    stop: asyncio.Event,
    options: ServeOptions,
    console: LiveConsoleOptions,
    rates: Rates | None,
    dns: ServeDns | None,
) -> None:
    try:
        serving = await open_serving(settings if dns is None else dns.settings(settings))
    except OSError as error:
        cannot_open(error, _ports(settings))
    except (StateHeld, StoreError, DocumentError, ValueError) as error:
        bad_input(str(error))
    async with contextlib.AsyncExitStack() as watching:
        watching.callback(tell_losses, serving.platform)
        await watching.enter_async_context(serving)
        if serving.plane.admin is not None:
            add_live_commands(serving.plane.admin, serving.platform)
        keep_policy(serving.platform, settings.workload.policy, serving.workload.policy_failed)
        tell = _print_shadow if options.verbose else _silent
        begin_shadows(serving.platform, settings.workload.shadows, tell, serving.workload.policy_failed)
        _follow_keys(serving, settings, options)
        _tell(serving, quiet=options.quiet)
        if options.verbose:
            tell_events(serving.platform.journal, functools.partial(echo, err=True))
            serving.platform.journal.subscribe(EntriesAdded, _print_entries)
        front = serving.platform.front
        if dns is not None and front is not None:
            watching.push_async_callback(dns.close)
            try:
                for line in await dns.open(front):
                    if not options.quiet:
                        echo(line)
            except OSError as error:
                cannot_open(error, {"--dns-port": dns.port})
        namespaces = await asyncio.get_running_loop().run_in_executor(None, find_namespaces)
        if not namespaces.is_apart:
            echo(f"processes as instances, and builds: {namespaces}")
        if console.port is not None:
            try:
                from simulator.console.serve_console import ServeConsole  # noqa: PLC0415 it imports the scenario package

                opened = await watching.enter_async_context(ServeConsole(serving, console.port, rates))
            except OSError as error:
                port_taken(console.port, error)
            echo(f"console at {opened.url}")
        keep_what_started()
        await _until_stopped(serving, stop)


def _print_shadow(service: str, line: str) -> None:
    echo(f"{service}: {line}", err=True)


def _silent(_service: str, _line: str) -> None:
    """Print nothing."""


async def _until_stopped(serving: Serving, stop: asyncio.Event) -> None:
    """Wait for an interrupt.

    Raises:
        typer.Exit: if an internal task failed.
    """
    tasks = serving.plane.tasks
    stopped, broken = tasks.spawn(stop.wait(), "until stopped"), tasks.spawn(serving.until_broken(), "until broken")
    if await first_of(stopped, broken) == 1:
        error = broken.exception()
        assert error is not None
        broke(f"the simulator failed: {error_text(error)}{details_of(error)}")


def _ports(settings: ServingSettings) -> dict[str, int]:
    """Return the requested port of each option."""
    front, metrics = settings.front, settings.exports.port
    api = settings.control.listener
    assert api is not None
    ports = {"--port": api.port, "--https-port": front.https_port, "--http-port": front.http_port}
    return ports if metrics is None else ports | {"--metrics-port": metrics}


def _redirect(front: Front) -> str:
    """Describe the port that redirects plain HTTP, and why it is not the requested port if it is not."""
    wanted = front.http_port_wanted
    taken = f" ({wanted} is taken{holder(wanted)})" if wanted not in {0, front.http_port} else ""
    return f"  http://*{LOCAL_DOMAIN}:{front.http_port} redirects there{taken}"


def _print_entries(event: EntriesAdded) -> None:
    """Print the log lines of operations, the names of API calls, and events."""
    for entry in event.entries:
        service = f"{entry.service.split('/')[1]}: " if "/" in entry.service else ""
        is_log = entry.kind is EntryKind.LOG
        text = f"{entry.stream}: {entry.text}" if is_log else f"{_ENTRY_KINDS[entry.kind]} {entry.stream}"
        echo(f"{service}{text}", err=True)


def _tell(serving: Serving, *, quiet: bool) -> None:
    """Print the addresses, and a command that can be copied unchanged; with `quiet` only the API's address."""
    plane, front = serving.plane, serving.platform.front
    assert front is not None
    settings = plane.settings
    authority = f"AWS_CA_BUNDLE={plane.root_certificate} " if plane.root_certificate else ""
    keys = "AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any " if settings.authentication.is_open else ""
    echo(f"App Runner API at {plane.url}, state in {settings.state}")
    if quiet:
        return
    echo(
        f"  {authority}{keys}AWS_ENDPOINT_URL_APPRUNNER={plane.url} "
        f"aws apprunner list-services --region {settings.authentication.region}"
    )
    echo(f"services at https://*{LOCAL_DOMAIN}:{front.https_port}, root certificate: {front.root_certificate}")
    echo(_redirect(front))
    if front.no_ipv6:
        echo(f"  services with IpAddressType DUAL_STACK have no IPv6 address: {front.no_ipv6}")
    for line in serving.exporters.lines if serving.exporters is not None else ():
        echo(line)
    for service in plane.registry.all(ServiceResource):
        if service.status is not ServiceStatus.DELETED:
            url = f"https://{local_host(service.host)}:{front.https_port}" if service.url else "private"
            echo(f"  {service.name}: {url}, {service.status}")
