"""Rules between the timeline's calls or deployments and the services: names that exist, failures that can happen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

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
            yield from _deployment(document, ("timeline", index, "deploy"), deploy, source)
        for operation, request in mapping(event.get("api")).items():
            if operation == "CreateService":
                known.append(str(mapping(request).get("ServiceName")))
            name = mapping(request).get("ServiceArn")
            if known and isinstance(name, str) and not name.startswith(_ARN) and name not in known:
                path: Path = ("timeline", index, "api", operation, "ServiceArn")
                yield document.problem(path, f"an ARN or one of {', '.join(known)}", near=nearest(name, known))


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
