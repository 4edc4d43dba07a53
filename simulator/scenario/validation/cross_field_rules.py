"""Rules between two places of a scenario file: sums, orders, names that must exist.

They read the plain data, independent of the sections, and ignore values that are invalid by themselves: its section
reports an invalid number, which must neither hide nor be repeated as a violation of another rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import ValidationError

from simulator.model import sizes
from simulator.model.text import units
from simulator.model.zones import ZONES_MAX, zone_names
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.policies.registry import POLICIES, PolicyKind
from simulator.scenario.document import Document, Path
from simulator.scenario.policy_platform import beyond_sizes
from simulator.scenario.problems import Problem, nearest
from simulator.scenario.recordings import traces
from simulator.scenario.sections.policy_spec import DEFAULT_POLICY, PolicySpec, section_of
from simulator.scenario.validation.deploy_rules import deploy_problems
from simulator.scenario.validation.downstream_rules import downstream_problems
from simulator.scenario.validation.error_messages import value_problem
from simulator.scenario.validation.raw_access import count, items, mapping, naming_a_service, seconds, services, tried
from simulator.scenario.validation.traffic_rules import traffic_problems
from simulator.scenario.validation.web_acl_rules import web_acl_problems

# A sine is evaluated in 256 linear pieces per period: 4000 periods are a million pieces (traffic/shapes/curves.py).
SINE_PERIODS_MAX: Final = 4000
REPLACED_BY_LOAD_BALANCER: Final = (
    "overflow",
    "balancing",
    "health_check",
    "startup_probe",
    "request_timeout",
    "drain_timeout",
)


def relation_problems(document: Document, folder: FilePath) -> list[Problem]:
    """Return every violated rule. `document.data` must be completed; relative paths start at `folder`."""
    rules: tuple[Callable[[Document], Iterator[Problem]], ...] = (
        _sizes,
        _counts,
        _policy_parameters,
        _policy_images,
        _idle_after,
        _overflows,
        _load_balancers,
        _spans,
        _service_names,
        _source_names,
        _closed_sources,
        _sines,
        _updates,
        _zones,
        traffic_problems,
        _references,
        deploy_problems,
        downstream_problems,
    )
    problems = [problem for rule in rules for problem in rule(document)]
    return problems + list(_columns(document, folder)) + list(web_acl_problems(document, folder))


# --- one rule each ---------------------------------------------------------------------------------


def _sizes(document: Document) -> Iterator[Problem]:
    """Verify that App Runner offers CPU and memory together, or that another platform offers as much."""
    for name, service in services(document):
        cpu = tried(sizes.parse_cpu, service.get("cpu", 1024))
        memory = tried(sizes.parse_memory, service.get("memory", 2048))
        if cpu is None or memory is None:
            continue
        platform = service.get("platform", "app-runner")
        if platform != "app-runner":
            given = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if key in service}
            for key, expected in beyond_sizes(str(platform), **given):
                yield document.problem(("services", name, key), expected, found=str(service[key]))
            continue
        try:
            sizes.supported(cpu, memory)
        except ValueError as error:
            key = "cpu" if cpu not in sizes.SUPPORTED else "memory"
            expected = str(error).partition(", must be ")[2]
            yield document.problem(("services", name, key), expected, found=str(error).split(" = ")[1].split(",")[0])


def _counts(document: Document) -> Iterator[Problem]:
    """Verify MinSize <= MaxSize, the initial size between them, and zero only if the policy supports it."""
    for name, service in services(document):
        path: Path = ("services", name)
        low, high = count(service.get("min_size", 1)), count(service.get("max_size", 25))
        initial = count(service.get("initial_size"))
        if low is not None and high is not None and low > high:
            key = "min_size" if "min_size" in service else "max_size"
            yield document.problem((*path, key), f"in order: min_size = {low} exceeds max_size = {high}")
        if initial is not None and high is not None and initial > high:
            yield document.problem((*path, "initial_size"), f"at most max_size = {high}")
        capacity, begins = count(service.get("capacity")), max(low or 0, initial or 0)
        if capacity is not None and capacity < begins:
            yield document.problem((*path, "capacity"), f"at least {begins}, the initial instances")
        kind = _kind(service)
        if low == 0 and kind is not None and not kind.scales_to_zero:
            expected = f"at least 1 with policy {kind.name}; 0 works with {_able_to_be_zero()}"
            yield document.problem((*path, "min_size"), expected)


def _kind(service: Mapping[str, Any]) -> PolicyKind | None:
    policy = service.get("policy", DEFAULT_POLICY)
    return POLICIES.get(str(policy.get("name") if isinstance(policy, dict) else policy))


def _able_to_be_zero() -> str:
    return ", ".join(kind.name for kind in POLICIES.values() if kind.scales_to_zero)


def _policy_parameters(document: Document) -> Iterator[Problem]:
    """Verify that the policy's parameter class accepts the values together; if not, yield the errors of single values.

    A value that is accepted together with the others may be out of range beside their defaults.
    """
    for name, service in services(document):
        given = mapping(service.get("policy"))
        spec = section_of(given.get("name"))
        if spec is None:
            continue
        path: Path = ("services", name, "policy")
        readable = {key: value for key, value in given.items() if key != "name" and _reads(spec, {key: value})}
        together = list(_rejections(spec, readable, document, path))
        if together:
            alone = [problem for key in readable for problem in _rejections(spec, {key: readable[key]}, document, path)]
            yield from alone or together


def _reads(spec: type[PolicySpec], values: Mapping[str, Any]) -> bool:
    try:
        _policy(spec, values)
    except ValidationError:
        return False
    return True


def _rejections(spec: type[PolicySpec], values: Mapping[str, Any], document: Document, path: Path) -> Iterator[Problem]:
    """Yield the error of the policy's parameter class, at the key that the error names."""
    try:
        _policy(spec, values).check()
    except ValueError as error:
        yield value_problem(str(error), path, document)


def _policy(spec: type[PolicySpec], values: Mapping[str, Any]) -> PolicySpec:
    return spec.model_validate({"name": spec.kind.name, **values})


def _policy_images(document: Document) -> Iterator[Problem]:
    """Verify that the image that an instance pulls is given once."""
    for name, service in services(document):
        simulated = mapping(mapping(service.get("application")).get("simulated"))
        if "image" in mapping(service.get("policy")) and "image" in simulated:
            expected = "left out: the instances pull application.simulated.image"
            yield document.problem(("services", name, "policy", "image"), expected)


def _idle_after(document: Document) -> Iterator[Problem]:
    """Verify that the value of the service and that of its policy are equal."""
    for name, service in services(document):
        own, policys = service.get("idle_after"), mapping(service.get("policy")).get("idle_after")
        if own is not None and policys is not None and seconds(own) != seconds(policys):
            expected = f"left out, or {own} as the service's own"
            yield document.problem(("services", name, "policy", "idle_after"), expected)


def _overflows(document: Document) -> Iterator[Problem]:
    """Verify that a wait time and a queue length are given only if requests are queued."""
    for name, service in services(document):
        overflow = mapping(service.get("overflow"))
        if overflow.get("mode", "reject") == "reject":
            for key in ("wait", "queue"):
                if key in overflow:
                    yield document.problem(("services", name, "overflow", key), "left out, or mode be queue")


def _load_balancers(document: Document) -> Iterator[Problem]:
    """Verify that settings are left out that a load balancer in front replaces."""
    for name, service in services(document):
        of_platform = _of_platform(service)
        if service.get("load_balancer") is not None or of_platform:
            for key in REPLACED_BY_LOAD_BALANCER:
                if key in service:
                    expected = f"left out: {of_platform or 'load_balancer'} has its own {key.replace('_', ' ')}"
                    yield document.problem(("services", name, key), expected)


def _of_platform(service: Mapping[str, Any]) -> str:
    """Return `the load balancer of NAME` if the service's platform has one and the file gives none; otherwise empty."""
    name = service.get("platform")
    if not isinstance(name, str) or name not in PLATFORMS or "load_balancer" in service:
        return ""
    return f"the load balancer of {name}" if PLATFORMS[name].load_balancer is not None else ""


def _spans(document: Document) -> Iterator[Problem]:
    """Verify that warm-up, sources and events lie within the run."""
    duration = seconds(document.data.get("duration"))
    if duration is None:
        return
    text = units.duration_text(duration)
    warm_up = seconds(document.data.get("warm_up"))
    if warm_up is not None and warm_up >= duration:
        yield document.problem(("warm_up",), f"below duration = {text}")
    for index, source in items(document, "traffic"):
        begin, end = seconds(source.get("from", 0)), seconds(source.get("until"))
        if begin is not None and begin >= duration:
            yield document.problem(("traffic", index, "from"), f"below duration = {text}")
        if begin is not None and end is not None and end <= begin:
            yield document.problem(("traffic", index, "until"), f"above from = {units.duration_text(begin)}")
    for index, event in items(document, "timeline"):
        at = seconds(event.get("at"))
        if at is not None and at >= duration:
            yield document.problem(("timeline", index, "at"), f"below duration = {text}")


def _service_names(document: Document) -> Iterator[Problem]:
    """Verify that sources and events name a service that exists; with several services the name is required."""
    known = list(mapping(document.data.get("services")))
    if not known:
        return
    for path, section in naming_a_service(document):
        name = section.get("service")
        if name is None:
            yield document.problem((*path, "service"), f"given, one of {', '.join(known)}")
        elif name not in known:
            yield document.problem((*path, "service"), f"one of {', '.join(known)}", near=nearest(name, known))


def _source_names(document: Document) -> Iterator[Problem]:
    """Verify that names of sources are unique and that a rate action names an open source."""
    first: dict[object, int] = {}
    closed = set()
    for index, source in items(document, "traffic"):
        name = source.get("name")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            yield document.problem(("traffic", index, "name"), f"unique; traffic[{first[name]}] has it too")
        if "closed" in source:
            closed.add(name)
    for index, event in items(document, "timeline"):
        named = mapping(event.get("rate")).get("source")
        path: Path = ("timeline", index, "rate", "source")
        if isinstance(named, str) and named not in first:
            known = [str(name) for name in first]
            yield document.problem(path, f"one of the sources {', '.join(known)}", near=nearest(named, known))
        elif isinstance(named, str) and named in closed:
            yield document.problem(path, "an open source: a closed population has no rate of its own")


def _closed_sources(document: Document) -> Iterator[Problem]:
    for index, source in items(document, "traffic"):
        for key in ("scale", "time_scale", "retry"):
            if "closed" in source and key in source:
                yield document.problem(("traffic", index, key), "left out with closed; change users or think_time")
        for key in ("requests", "retry"):
            if "session" in source and key in source:
                yield document.problem(("traffic", index, key), "left out with a session")


def _sines(document: Document) -> Iterator[Problem]:
    duration = seconds(document.data.get("duration"))
    for index, source in items(document, "traffic"):
        sine = mapping(source.get("sine"))
        path: Path = ("traffic", index, "sine")
        low, high = tried(units.parse_rate, sine.get("low")), tried(units.parse_rate, sine.get("high"))
        if low is not None and high is not None and low > high:
            yield document.problem((*path, "high"), f"at least low = {low:g}/s")
        period = seconds(sine.get("period"))
        if period is not None and duration is not None and 0 < period * SINE_PERIODS_MAX < duration:
            shortest = units.duration_text(duration / SINE_PERIODS_MAX)
            yield document.problem((*path, "period"), f"at least {shortest}: {SINE_PERIODS_MAX} periods a run")


def _updates(document: Document) -> Iterator[Problem]:
    """Verify that MinSize <= MaxSize holds after every update of an auto scaling configuration."""
    now = {name: dict(service) for name, service in services(document)}
    events = [(seconds(event.get("at")), index) for index, event in items(document, "timeline")]
    for _, index in sorted((at, index) for at, index in events if at is not None):
        update = mapping(document.data["timeline"][index].get("update_auto_scaling"))
        service = now.get(str(update.get("service")))
        if not update or service is None:
            continue
        service.update({key: update[key] for key in ("min_size", "max_size") if key in update})
        low, high = count(service.get("min_size", 1)), count(service.get("max_size", 25))
        if low is not None and high is not None and low > high:
            key = "min_size" if "min_size" in update else "max_size"
            path = ("timeline", index, "update_auto_scaling", key)
            yield document.problem(path, f"in order: min_size = {low} would exceed max_size = {high}")
        kind = _kind(service)
        if update.get("min_size") == 0 and kind is not None and not kind.scales_to_zero:
            path = ("timeline", index, "update_auto_scaling", "min_size")
            yield document.problem(path, f"at least 1 with policy {kind.name}; 0 works with {_able_to_be_zero()}")


def _zones(document: Document) -> Iterator[Problem]:
    """Verify that events name a zone of the platform."""
    zones = document.data.get("zones", 0)
    number = count(mapping(zones).get("count") if isinstance(zones, Mapping) else zones) or 0
    names = zone_names(min(max(number, 0), ZONES_MAX))
    for index, event in items(document, "timeline"):
        zone = mapping(event.get("zone_loss")).get("zone")
        path: Path = ("timeline", index, "zone_loss", "zone")
        if isinstance(zone, str) and zone not in names:
            known = f"one of {', '.join(names)}" if names else "a zone, and the scenario has none: add `zones: 3`"
            yield document.problem(path, known, near=nearest(zone, names))


def _references(document: Document) -> Iterator[Problem]:
    """Verify that secrets and roles have a source and that each variable has one value (facts 8)."""
    aws = mapping(document.data.get("aws"))
    for name, service in services(document):
        path: Path = ("services", name)
        secrets = mapping(service.get("secrets"))
        if secrets and not (aws.get("endpoint") or aws.get("secrets_file")):
            yield document.problem((*path, "secrets"), "left out, or aws have an endpoint or a secrets_file")
        if "instance_role" in service and not aws.get("endpoint"):
            yield document.problem((*path, "instance_role"), "left out, or aws have an endpoint")
        for kind in ("process", "container"):
            variables = mapping(mapping(mapping(service.get("application")).get(kind)).get("environment"))
            for variable in variables:
                if variable in secrets:
                    expected = f"left out: application.{kind}.environment has a variable of this name"
                    yield document.problem((*path, "secrets", str(variable)), expected, found="a reference")


def _columns(document: Document, folder: FilePath) -> Iterator[Problem]:
    """Verify that the columns that a source names are in the header of its CSV file."""
    for index, source in items(document, "traffic"):
        for shape, key in (("bins", "column"), ("trace", "time_column")):
            given = mapping(source.get(shape))
            column, file = given.get(key), given.get("file")
            if not (isinstance(column, str) and isinstance(file, str)):
                continue
            header = traces.header_of_named(folder, file)
            if header is not None and column not in header:
                path: Path = ("traffic", index, shape, key)
                expected = f"a column of {file}: {', '.join(header)}"
                yield document.problem(path, expected, near=nearest(column, header))
