"""Rules between the timeline's calls or deployments and the services: names that exist, failures that can happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.rules.platforms.presets import PLATFORMS
from simulator.scenario.document import Document, Path
from simulator.scenario.problems import Problem, nearest
from simulator.scenario.validation.raw_access import items, mapping

_ARN: Final = "arn:"


def deploy_problems(document: Document) -> Iterator[Problem]:
    """Yield every violated rule. `document.data` must be completed."""
    services = mapping(document.data.get("services"))
    known = [str(name) for name in services]
    for index, event in items(document, "timeline"):
        deploy = mapping(event.get("deploy"))
        service = services.get(str(deploy.get("service")))
        if service is not None:
            source = mapping(mapping(service).get("source"))
            path: Path = ("timeline", index, "deploy")
            yield from _deployment(document, path, deploy, source)
            yield from _strategy(document, path, deploy, mapping(service))
        for operation, request in mapping(event.get("api")).items():
            if operation == "CreateService":
                known.append(str(mapping(request).get("ServiceName")))
            name = mapping(request).get("ServiceArn")
            if known and isinstance(name, str) and not name.startswith(_ARN) and name not in known:
                where: Path = ("timeline", index, "api", operation, "ServiceArn")
                yield document.problem(where, f"an ARN or one of {', '.join(known)}", near=nearest(name, known))


def _deployment(document: Document, path: Path, deploy: object, source: object) -> Iterator[Problem]:
    given, origin = mapping(deploy), mapping(source)
    fails, is_code = given.get("fails"), "repository" in origin
    if fails == "build" and not is_code:
        yield document.problem((*path, "fails"), "pull, start or health_check: an image is not built")
    if fails == "pull" and is_code:
        yield document.problem((*path, "fails"), "build, start or health_check: a repository has no image to pull")
    if given.get("trigger") == "push" and not origin.get("auto_deployments"):
        yield document.problem(
            (*path, "trigger"), "start_deployment, or the service's source have auto_deployments: true"
        )


def _strategy(document: Document, path: Path, deploy: object, service: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what a strategy of another platform than App Runner's does not have."""
    given, platform = mapping(deploy), service.get("platform")
    preset = PLATFORMS.get(platform) if isinstance(platform, str) else None
    deployment = service.get("deployment", {} if preset is None else preset.deployment)
    strategy = deployment.get("strategy", "app-runner") if isinstance(deployment, Mapping) else deployment
    if not isinstance(strategy, str) or strategy == "app-runner":
        return
    if given.get("fails") == "build":
        yield document.problem((*path, "fails"), f"pull, start or health_check: {strategy} builds nothing")
    if given.get("trigger") == "push":
        yield document.problem((*path, "trigger"), f"start_deployment: {strategy} does not deploy on a push")
