"""Commands and files for Cloud Run, Azure Container Apps, Fly.io and Heroku."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simulator.lab.apply.instructions import ApplyText, ApplyTool, comment
from simulator.lab.apply.service_change import ServiceChange, scaling_of
from simulator.rules.platforms.presets import platform_named
from simulator.rules.policies.cloud_run import CloudRunParameters
from simulator.rules.policies.fly import FlyParameters
from simulator.rules.policies.heroku import HerokuParameters
from simulator.rules.policies.kubernetes.container_apps import ContainerAppsParameters

_CLOUD_RUN_TARGET: Final = 0.6  # of both signals (cloud.google.com/run/docs/configuring/scaling-controls; read)
_FLY_SOFT_SHARE: Final = 0.8


def cloud_run_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the update of a Cloud Run service."""
    parameters = change.after.policy.parameters
    if not isinstance(parameters, CloudRunParameters):
        return
    scaling, size = scaling_of(change.after), change.after.size
    parts = [
        f"gcloud run services update {change.name} --region REGION",
        f"--cpu {size.vcpu:g} --memory {size.memory_mb}Mi",
        f"--concurrency {scaling.max_concurrency}",
        f"--min-instances {scaling.min_size} --max-instances {scaling.max_size}",
    ]
    cpu, concurrency = parameters.cpu_target or 0.0, parameters.concurrency_target
    if (cpu, concurrency) != (_CLOUD_RUN_TARGET, _CLOUD_RUN_TARGET):
        parts.append(f"--scaling-cpu-target {cpu:g} --scaling-concurrency-target {concurrency:g}")
    yield _text(change, ApplyTool.GCLOUD, "sh", _command(*parts))


def container_apps_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the update of a container app: its replicas, their size, and the HTTP rule."""
    parameters = change.after.policy.parameters
    if not isinstance(parameters, ContainerAppsParameters):
        return
    scaling, size = scaling_of(change.after), change.after.size
    yield _text(
        change,
        ApplyTool.AZ,
        "sh",
        _command(
            f"az containerapp update --name {change.name} --resource-group RESOURCE_GROUP",
            f"--cpu {size.vcpu:g} --memory {size.memory_gb:g}Gi",
            f"--min-replicas {scaling.min_size} --max-replicas {scaling.max_size}",
            "--scale-rule-name http --scale-rule-type http",
            f"--scale-rule-http-concurrency {max(1, round(parameters.concurrent_requests))}",
        ),
    )


def fly_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the part of fly.toml, which has the limits of a machine; the number of machines is a command of its own."""
    parameters = change.after.policy.parameters
    if not isinstance(parameters, FlyParameters):
        return
    scaling = scaling_of(change.after)
    soft = parameters.soft_limit or max(1, round(_FLY_SOFT_SHARE * scaling.max_concurrency))
    lines = [
        f"# Then: fly deploy && fly scale count {scaling.max_size}",
        "[http_service]",
        f'  auto_stop_machines = "{parameters.auto_stop}"',
        "  auto_start_machines = true",
        f"  min_machines_running = {scaling.min_size}",
        "",
        "  [http_service.concurrency]",
        '    type = "requests"',
        f"    soft_limit = {soft}",
        f"    hard_limit = {scaling.max_concurrency}",
        "",
        "[[vm]]",
        f'  size = "{_size_name(change)}"',
        f'  memory = "{change.after.size.memory_mb}mb"',
    ]
    yield _text(change, ApplyTool.FLY, "toml", "\n".join(lines))


def heroku_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the type of the dynos and the limits of their autoscaling."""
    parameters = change.after.policy.parameters
    if not isinstance(parameters, HerokuParameters):
        return
    scaling = scaling_of(change.after)
    yield _text(
        change,
        ApplyTool.HEROKU,
        "sh",
        f"heroku ps:type web={_size_name(change).lower()} --app {change.name} &&\n"
        + _command(
            f"heroku ps:autoscale:enable --app {change.name}",
            f"--min {max(1, scaling.min_size)} --max {scaling.max_size} --p95 {round(1000 * parameters.desired_p95_s)}",
        ),
    )


def _size_name(change: ServiceChange) -> str:
    """Return the platform's name of the size."""
    return platform_named(change.platform).sizes.nearest(change.after.size, change.after.max_concurrency).name


def _text(change: ServiceChange, tool: ApplyTool, ending: str, text: str) -> ApplyText:
    heading = comment(f"{change.name} on {change.platform}: {', '.join(change.sentences)}.")
    if any(word in text for word in ("REGION", "RESOURCE_GROUP")):
        heading += comment("Replace the words in capitals.")
    return ApplyText(tool, f"{change.name}.apply.{ending}", f"{heading}{text}\n")


def _command(*parts: str) -> str:
    return " \\\n  ".join(parts)
