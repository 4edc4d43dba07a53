"""Groups of options, and texts of options that several verbs have, without imports that `--help` does not need.

A group is a frozen dataclass whose fields are annotated with their `typer.Option`. A verb has a group as one parameter;
Typer gets the fields as separate parameters.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Final, get_type_hints

ENGINE_HELP: Final = (
    "The container engine, unix:///path or tcp://host:port; else DOCKER_HOST, else Docker's default socket."
)
OTLP_HELP: Final = "Collector for metrics and traces over OTLP/HTTP, such as http://127.0.0.1:4318."
SAMPLING_HELP: Final = "Share of the requests that are traced over OTLP, 0 to 1; a client's own decision wins."
TOOLCHAIN_HELP: Final = "RUNTIME=FOLDER: the folder of a runtime's programs, for example NODEJS_22=/opt/node22."
ACCESS_LOG_HELP: Final = "Write a line for every request that reaches the load balancer to F."
LOG_FORMAT_HELP: Final = "JSON lines, or Envoy's default format."
PROFILE_HELP: Final = "Response headers of the balancer: App Runner's (Envoy) or standard."
WEBSOCKET_HELP: Final = "Allow WebSockets, which App Runner rejects."
IMAGE_HELP: Final = (
    "[RUNTIME=]IMAGE: an image of the container engine to build and run in, for one runtime or for all, instead of "
    "this machine's programs."
)
RUN_IMAGE_HELP: Final = "[RUNTIME=]IMAGE: the image of instances, if it is not the build image."
RUNTIME_IMAGES_HELP: Final = (
    "Build and run in the images of `simulator runtimes build` with this prefix, such as apprunner-simulator."
)
OFFLINE_HELP: Final = "Build without a network in images, from the downloads that earlier builds have kept."
NEAR_HELP: Final = "Allow another version of the language if this machine does not have the runtime's own."
RESULT_ONLY_HELP: Final = "No progress: the result only."
SIMULATOR_HELP: Final = (
    "Which simulator, if several use the state folder: serve, the name of the project that up serves, or a process id."
)
VERBOSE_HELP: Final = "Print each decision and event on standard error as it happens."


def grouped(verb: Callable[..., None]) -> Callable[..., None]:
    """Return the verb with the signature for Typer, in which the fields of groups replace the groups."""
    groups: dict[str, type[Any]] = {}
    parameters: list[inspect.Parameter] = []
    hints = get_type_hints(verb, include_extras=True)
    for name, parameter in inspect.signature(verb).parameters.items():
        if is_dataclass(hints[name]):
            groups[name] = hints[name]
            parameters += _parameters_of(hints[name])
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(verb)
    def flat(**given: Any) -> None:
        made = {
            name: group(**{each.name: given.pop(each.name) for each in fields(group)}) for name, group in groups.items()
        }
        verb(**given, **made)

    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
    flat.__annotations__ = {each.name: each.annotation for each in parameters}
    del flat.__wrapped__  # get_type_hints would read the signature with groups there
    return flat


def _parameters_of(group: type[Any]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for each in fields(group):
        yield inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=_default_of(each), annotation=hints[each.name]
        )


def _default_of(each: Field[Any]) -> Any:
    if each.default_factory is not MISSING:
        return each.default_factory()
    assert each.default is not MISSING, f"{each.name}: an option has a default"
    return each.default
