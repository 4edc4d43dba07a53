"""The verbs, each imported on demand: a verb that starts a server should not import the chart libraries."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, get_args

import typer
from typer.core import TyperGroup

from simulator.cli.exits import INTERRUPTED, NOBODY_READS
from simulator.cli.printing import echo
from simulator.model.problems import did_you_mean
from simulator.model.units import parse_number

# Verb -> module and name of its function or of the Typer application of its subcommands, in the order of `--help`.
_VERBS: Final = {
    "run": ("simulator.cli.run", "run"),
    "init": ("simulator.cli.init", "init"),
    "up": ("simulator.cli.up", "up"),
    "serve": ("simulator.cli.serve", "serve"),
    "events": ("simulator.cli.events", "events"),
    "logs": ("simulator.cli.logs", "logs"),
    "audit": ("simulator.cli.audit", "audit"),
    "connection": ("simulator.cli.connection", "connection"),
    "state": ("simulator.cli.state_verbs", "state"),
    "top": ("simulator.cli.top", "top"),
    "lesson": ("simulator.cli.lesson", "lesson_verb"),
    "sweep": ("simulator.cli.sweep", "sweep"),
    "compare": ("simulator.cli.compare", "compare_verb"),
    "shadow": ("simulator.cli.shadow", "shadow_verb"),
    "why": ("simulator.cli.why", "why_verb"),
    "validate": ("simulator.cli.validate", "validate_verb"),
    "policies": ("simulator.cli.policies", "policies"),
    "scenarios": ("simulator.cli.scenarios", "scenarios"),
    "schema": ("simulator.cli.schema", "schema"),
    "ca": ("simulator.cli.ca", "ca"),
}


class Verbs(TyperGroup):
    """The group of all verbs. Typer includes its own copy of click, whose types have no public name."""

    def main(self, args: Any = None, prog_name: Any = None, *, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]
        verb = functools.partial(super().main, args, prog_name, standalone_mode=False, **extra)
        if not standalone_mode:
            return verb()
        from simulator.cli.ending import ended  # noqa: PLC0415 where the program ends, and nowhere else

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
            ctx.fail(f"No such command {args[0]!r}{did_you_mean(args[0], _VERBS)}")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 Typer's signature
        return list(_VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 Typer's signature
        if cmd_name not in _VERBS:
            return None
        module, name = _VERBS[cmd_name]
        return _command(cmd_name, getattr(import_module(module), name))


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
        try:
            parse_number(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), context, parameter) from None
    return process(context, value)
