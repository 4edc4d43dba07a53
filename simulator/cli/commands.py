"""The verbs, each imported on demand: a verb that starts a server should not import the chart libraries."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, NamedTuple, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from simulator.cli.exit_codes import INTERRUPTED, NOBODY_READS
from simulator.cli.printing import echo


class Verb(NamedTuple):
    """The module of a verb and the first paragraph of its help, so that the list of verbs imports no verb."""

    module: str
    name: str  # of its function, or of the Typer application of its subcommands
    summary: str = ""


# In the order of `--help`.
_VERBS: Final = {
    "run": Verb(
        "simulator.cli.scenarios.run",
        "run",
        "Run a scenario and report: exit 0 if its checks pass, 1 if one failed, 2 bad input, 3 internal error.",
    ),
    "init": Verb(
        "simulator.cli.platform.init",
        "init",
        "Write a commented apprunner.yaml for a Flask, FastAPI, Django, Express, Node.js, Spring, Go or Rails project.",
    ),
    "up": Verb(
        "simulator.cli.platform.up",
        "up",
        "Build the project in a folder by its apprunner.yaml, or else its Dockerfile, and serve it over HTTPS.",
    ),
    "serve": Verb(
        "simulator.cli.platform.serve",
        "serve",
        "Serve App Runner's API on this machine, for the AWS CLI, SDKs, Terraform and other AWS clients.",
    ),
    "events": Verb(
        "simulator.cli.state.events", "events", "Show events of services, as EventBridge would deliver them."
    ),
    "logs": Verb(
        "simulator.cli.state.logs", "logs", "Show a service's event log, or the log of a deployment or an instance."
    ),
    "audit": Verb(
        "simulator.cli.state.audit",
        "audit",
        "Show the calls of the API, as CloudTrail would record them; reads and rejections appear after one second.",
    ),
    "connection": Verb("simulator.cli.state.connection", "connection", "Connections to GitHub and Bitbucket."),
    "state": Verb("simulator.cli.state.state_commands", "state", "The state of `simulator serve` as a file."),
    "top": Verb(
        "simulator.cli.platform.top",
        "top",
        "Watch a running simulator on a terminal: rates, instances, latency, latest events. Ctrl-C ends it.",
    ),
    "lesson": Verb(
        "simulator.cli.scenarios.lesson",
        "lesson_verb",
        "Learn why an autoscaler does what it does: predict, run, compare, change one thing, try again.",
    ),
    "sweep": Verb(
        "simulator.cli.lab.sweep",
        "sweep",
        "Run a scenario at every point of a grid; exit 0 if all ran, 1 if some failed, 2 bad input.",
    ),
    "compare": Verb(
        "simulator.cli.lab.compare",
        "compare_verb",
        "Compare policies and platforms: exit 0, 1 when worse than a former comparison, 2 bad input, 3 a run broke.",
    ),
    "shadow": Verb(
        "simulator.cli.lab.shadow",
        "shadow_verb",
        "Run a scenario with its own policy, evaluate other policies without applying them, and report how "
        "they diverge.",
    ),
    "why": Verb(
        "simulator.cli.scenarios.why", "why_verb", "Explain what the scaler saw, computed, clamped and decided."
    ),
    "validate": Verb(
        "simulator.cli.lab.validate",
        "validate_verb",
        "Run every ground-truth case and show the published value and the simulated one; exit 1 if one misses.",
    ),
    "policies": Verb(
        "simulator.cli.scenarios.policies",
        "policies",
        "List the scaling policies and platforms, or write a template for a policy of your own.",
    ),
    "scenarios": Verb("simulator.cli.scenarios.scenarios", "scenarios", "List the shipped scenarios."),
    "schema": Verb(
        "simulator.cli.scenarios.schema",
        "schema",
        "Print the JSON Schema of scenario files and configurations (for editors) or of reports.",
    ),
    "ca": Verb(
        "simulator.cli.platform.ca",
        "ca",
        "Show the local certificate authority (created if there is none) and how to trust it.",
    ),
}


class CommandGroup(TyperGroup):
    """The group of all verbs. Typer includes its own copy of click, whose types have no public name."""

    def main(self, args: Any = None, prog_name: Any = None, *, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]
        verb = functools.partial(super().main, args, prog_name, standalone_mode=False, **extra)
        if not standalone_mode:
            return verb()
        from simulator.cli.ending import ended  # noqa: PLC0415 used only where the program ends

        sys.exit(ended(verb))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # otherwise click would turn it into exit code 1
            raise typer.Exit(NOBODY_READS) from None
        except KeyboardInterrupt:  # otherwise click would print nothing
            echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Suggest similar verbs: Typer only knows those already imported, which are none here."""
        if args and args[0] not in _VERBS and not args[0].startswith("-"):
            from simulator.model.text.problems import did_you_mean  # noqa: PLC0415 only for a mistyped verb

            ctx.fail(f"no such command: {args[0]}{did_you_mean(args[0], _VERBS)}")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 Typer's signature
        return list(_VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 Typer's signature
        if cmd_name not in _VERBS:
            return None
        module, name, *_ = _VERBS[cmd_name]
        return _command(cmd_name, getattr(import_module(module), name))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List all verbs without importing any."""
        self._listed.format_help(ctx, formatter)

    @property
    def _listed(self) -> _Listed:
        listed = _Listed(name=self.name, help=self.help, params=self.params, rich_markup_mode=self.rich_markup_mode)
        listed.epilog = self.epilog
        return listed


class _Listed(TyperGroup):
    """The verbs as `--help` lists them: by name and summary."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 Typer's signature
        return list(_VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 Typer's signature
        return TyperCommand(cmd_name, help=_VERBS[cmd_name].summary)


def _command(verb: str, target: typer.Typer | Callable[..., Any]) -> Any:
    if isinstance(target, typer.Typer):
        command: Any = typer.main.get_command(target)
        command.name = verb
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(verb)(target)
        command = typer.main.get_command(alone)
    for each in (command, *getattr(command, "commands", {}).values()):
        _read_numbers_strictly(each)
    return command


def _read_numbers_strictly(command: Any) -> None:
    """Reject numbers such as `1_0`, which Typer would accept as 10: options are parsed as files are."""
    for parameter in command.params:
        annotation = parameter.type_descriptor.annotation
        if not {int, float}.isdisjoint((annotation, *get_args(annotation))):
            parameter.process_value = functools.partial(_number, parameter, parameter.process_value)


def _number(parameter: Any, process: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:
    if isinstance(value, str):
        from simulator.model.text.units import parse_number  # noqa: PLC0415 only for an option with a number

        try:
            parse_number(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), context, parameter) from None
    return process(context, value)
