"""`simulator serve`: the platform behind App Runner's API, until interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from simulator.assembly.serving import Serving, ServingSettings, open_serving
from simulator.cli.console_port import DEFAULT_PORT as CONSOLE_PORT
from simulator.cli.console_port import port_taken
from simulator.cli.engine import engine_host
from simulator.cli.exit_codes import bad_input, broke, details_of, error_text
from simulator.cli.front.access_log_file import opened_log, tell_losses
from simulator.cli.front.front_section import DEFAULT_HTTP_PORT, DEFAULT_HTTPS_PORT
from simulator.cli.front.serving_options import BalancerOptions
from simulator.cli.listening import allow_many_files, cannot_open, keep_what_started
from simulator.cli.options import ENGINE_HELP, OTLP_HELP, SAMPLING_HELP, grouped
from simulator.cli.platform.event_lines import check_loudness, tell_events
from simulator.cli.platform.keys_section import policy_warnings
from simulator.cli.platform.serve_config import (
    DEFAULT_PORT,
    ServeConfig,
    load_config,
    with_options,
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

PORTS: Final = "Addresses and ports"
EXPORTS: Final = "Exports"
TIMES: Final = "Times of operations"
CONSOLE: Final = "Console"


_ENTRY_KINDS: Final = {EntryKind.EVENT: "event", EntryKind.AUDIT: "API call"}


class TimeProfileName(StrEnum):
    INSTANT = "instant"
    APP_RUNNER = "app-runner"


@grouped
def serve(
    balancer: BalancerOptions,
    state: Path | None = typer.Option(None, metavar="FOLDER", help="State folder: keeps everything between runs."),
    config: Path | None = typer.Option(None, metavar="FILE", help="Access keys, quotas, times: see `schema serve`."),
    web_acl: list[Path] | None = typer.Option(
        None, metavar="FILE", help="Web ACLs, IP sets and pattern sets, as `aws wafv2 get-web-acl` prints them."
    ),
    host: str | None = typer.Option(
        None,
        help="Where the API listens (127.0.0.1); beyond loopback it requires access keys and TLS.",
        rich_help_panel=PORTS,
    ),
    port: int | None = typer.Option(
        None, min=0, max=65535, help=f"Port of the API ({DEFAULT_PORT}); 0 is any free one.", rich_help_panel=PORTS
    ),
    tls: bool | None = typer.Option(
        None,
        "--tls/--no-tls",
        help="Serve the API over TLS, with a certificate of the local authority.",
        rich_help_panel=PORTS,
    ),
    https_port: int | None = typer.Option(
        None,
        min=0,
        max=65535,
        help=f"Port of the services' URLs ({DEFAULT_HTTPS_PORT}); 0 is any free one.",
        rich_help_panel=PORTS,
    ),
    http_port: int | None = typer.Option(
        None,
        min=0,
        max=65535,
        help=f"Port that redirects to HTTPS ({DEFAULT_HTTP_PORT}, or a free one if that is taken); 0 is any free one.",
        rich_help_panel=PORTS,
    ),
    dns_port: int | None = typer.Option(
        None,
        min=0,
        max=65535,
        help="Port of a DNS on 127.0.0.1 for the names of services, and `simulator dns`; 0 is any free one.",
        rich_help_panel=PORTS,
    ),
    metrics_port: int | None = typer.Option(
        None,
        min=0,
        max=65535,
        help="Port of a Prometheus endpoint, /metrics on 127.0.0.1; 0 is any free one.",
        rich_help_panel=EXPORTS,
    ),
    otlp_endpoint: str | None = typer.Option(None, metavar="URL", help=OTLP_HELP, rich_help_panel=EXPORTS),
    cloudwatch: str | None = typer.Option(
        None,
        metavar="URL",
        help="Write App Runner's CloudWatch metrics and logs to an AWS-compatible endpoint.",
        rich_help_panel=EXPORTS,
    ),
    trace_sampling: float | None = typer.Option(None, min=0, max=1, help=SAMPLING_HELP, rich_help_panel=EXPORTS),
    engine: str | None = typer.Option(None, metavar="PLACE", help=ENGINE_HELP),
    profile: TimeProfileName | None = typer.Option(
        None, help="How long operations take: as the work does (instant), or as measured on AWS.", rich_help_panel=TIMES
    ),
    time_factor: float | None = typer.Option(
        None, min=0, help="Multiplies the profile's times; 0.1 is ten times as fast.", rich_help_panel=TIMES
    ),
    with_console: bool = typer.Option(
        False, "--console", help="Open a live console in the browser (localhost only).", rich_help_panel=CONSOLE
    ),
    console_port: int = typer.Option(
        CONSOLE_PORT,
        min=0,
        max=65535,
        help="Port of the console on 127.0.0.1; 0 is any free one.",
        rich_help_panel=CONSOLE,
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Only the address of the API, and failures."),
    verbose: bool = typer.Option(
        False, "--verbose", "-v", help="Print each decision and event on standard error as it happens."
    ),
) -> None:
    """Serve App Runner's API on this machine, for the AWS CLI, SDKs, Terraform and other AWS clients."""
    check_loudness(quiet=quiet, verbose=verbose)
    try:
        chosen = with_options(
            load_config(config) if config is not None else ServeConfig(),
            api_host=host,
            api_port=port,
            api_tls=tls,
            front_https_port=https_port,
            front_http_port=http_port,
            front_websocket=balancer.websocket,
            front_access_log=balancer.access_log,
            front_access_log_format=balancer.access_log_format,
            dns_port=dns_port,
            metrics_port=metrics_port,
            otel_endpoint=otlp_endpoint,
            cloudwatch_endpoint=_endpoint(cloudwatch),
            otel_sampling=trace_sampling,
            time_profile=profile.value if profile is not None else None,
            time_factor=time_factor,
            waf_files=tuple(web_acl) if web_acl else None,
        )
        settings = chosen.serving(folder := state_folder(state), engine_host(engine))
        dns = chosen.dns.opened(folder)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    for warning in policy_warnings(settings.control.authentication.keys):
        echo(f"warning: {warning}", err=True)
    allow_many_files()
    stop = asyncio.Event()
    rates = None if chosen.prices is None else chosen.prices.rates
    wanted_port = console_port if with_console else None
    with contextlib.ExitStack() as files:
        log = opened_log(chosen.front.access_log, files, inputs=[] if config is None else [config])
        settings = dataclasses.replace(settings, front=dataclasses.replace(settings.front, access_log=log))
        run(
            ClockKind.REAL,
            lambda: _serve(settings, stop, wanted_port, rates, dns, quiet=quiet, verbose=verbose),
            stop.set,
        )


def _endpoint(url: str | None) -> str | None:
    """Return the URL of `--cloudwatch` unchanged. Raises ValueError if it is invalid."""
    if url is not None and not re.match(ENDPOINT, url):
        raise ValueError(f"cloudwatch = {url!r}, must be a URL such as http://127.0.0.1:5000")
    return url


async def _serve(
    settings: ServingSettings,
    stop: asyncio.Event,
    console_port: int | None,
    rates: Rates | None,
    dns: ServeDns | None = None,
    *,
    quiet: bool,
    verbose: bool,
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
        _tell(serving, quiet=quiet)
        if verbose:
            tell_events(serving.platform.journal, functools.partial(echo, err=True))
            serving.platform.journal.subscribe(EntriesAdded, _tell_entries)
        front = serving.platform.front
        if dns is not None and front is not None:
            watching.push_async_callback(dns.close)
            try:
                for line in await dns.open(front):
                    if not quiet:
                        echo(line)
            except OSError as error:
                cannot_open(error, {"--dns-port": dns.port})
        namespaces = await asyncio.get_running_loop().run_in_executor(None, find_namespaces)
        if not namespaces.is_apart:
            echo(f"processes as instances, and builds: {namespaces}")
        if console_port is not None:
            try:
                from simulator.console.serve_console import ServeConsole  # noqa: PLC0415 it imports the scenario package

                console = await watching.enter_async_context(ServeConsole(serving, console_port, rates))
            except OSError as error:
                port_taken(console_port, error)
            echo(f"console at {console.url}")
        keep_what_started()
        await _until_stopped(serving, stop)


async def _until_stopped(serving: Serving, stop: asyncio.Event) -> None:
    """Wait for an interrupt. Raises typer.Exit if an internal task failed."""
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
    """Describe where plain HTTP is redirected from, and why if it is not the requested port."""
    wanted = front.http_port_wanted
    taken = f" ({wanted} is taken{holder(wanted)})" if wanted not in {0, front.http_port} else ""
    return f"  http://*{LOCAL_DOMAIN}:{front.http_port} redirects there{taken}"


def _tell_entries(event: EntriesAdded) -> None:
    """Print the log lines of operations, and the names of API calls and events."""
    for entry in event.entries:
        service = f"{entry.service.split('/')[1]}: " if "/" in entry.service else ""
        is_log = entry.kind is EntryKind.LOG
        text = f"{entry.stream}: {entry.text}" if is_log else f"{_ENTRY_KINDS[entry.kind]} {entry.stream}"
        echo(f"{service}{text}", err=True)


def _tell(serving: Serving, *, quiet: bool) -> None:
    """Print the addresses, and a command to copy that works unchanged; with `quiet` the API's address only."""
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
    for line in serving.exporters.lines if serving.exporters is not None else ():
        echo(line)
    for service in plane.registry.all(ServiceResource):
        if service.status is not ServiceStatus.DELETED:
            url = f"https://{local_host(service.host)}:{front.https_port}" if service.url else "private"
            echo(f"  {service.name}: {url}, {service.status}")
