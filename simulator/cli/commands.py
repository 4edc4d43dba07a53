"""The verbs, each imported on demand, so that a verb that starts a server does not import the chart libraries."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from simulator.cli.exit_codes import INTERRUPTED, PIPE_CLOSED
from simulator.cli.imports import without_collections
from simulator.cli.printing import echo
from simulator.cli.verb_table import OF_ALL_VERBS, VERBS


class CommandGroup(TyperGroup):
    """The group of all verbs. The base classes are untyped, because Typer's own copy of click has no public types."""

    def main(self, args: Any = None, prog_name: Any = None, *, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]
        verb = functools.partial(super().main, args, prog_name, standalone_mode=False, **extra)
        if not standalone_mode:
            return verb()
        from simulator.cli.ending import ended  # noqa: PLC0415 used only where the program ends

        sys.exit(ended(verb))

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # otherwise click would exit with code 1
            raise typer.Exit(PIPE_CLOSED) from None
        except KeyboardInterrupt:  # otherwise click would print an empty line
            echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None

    def get_params(self, ctx: Any) -> Any:
        return _prepared(super().get_params, ctx)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve a verb. Similar verbs are suggested here, because Typer knows only imported ones."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from simulator.model.text.problems import did_you_mean  # noqa: PLC0415 only for a mistyped verb

            ctx.fail(f"no such command: {args[0]}{did_you_mean(args[0], VERBS)}")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 Typer's signature
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 Typer's signature
        if cmd_name not in VERBS:
            return None
        module, name, *_ = VERBS[cmd_name]
        with without_collections():
            verb = import_module(module)
        return _command(cmd_name, getattr(verb, name))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """List all verbs without importing any."""
        from simulator.cli.help_text import prepared  # noqa: PLC0415 only for help

        prepared(self._listed, ctx).format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Complete names of verbs without importing any."""
        listed = self._listed
        return listed.shell_complete(typer.Context(listed, info_name=ctx.info_name), incomplete)

    @property
    def _listed(self) -> _Listed:
        listed = _Listed(name=self.name, help=self.help, params=self.params, rich_markup_mode=self.rich_markup_mode)
        listed.epilog = self.epilog
        return listed


class _Listed(TyperGroup):
    """The group as `--help` lists it: names and summaries of the verbs."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 Typer's signature
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 Typer's signature
        verb = VERBS[cmd_name]
        return TyperCommand(cmd_name, help=verb.summary, rich_help_panel=verb.panel)


def _command(verb: str, target: typer.Typer | Callable[..., Any]) -> Any:
    if isinstance(target, typer.Typer):
        target._add_completion = False  # noqa: SLF001 it is an option of the program, not of a verb
        command: Any = typer.main.get_command(target)
        command.name = verb
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(verb)(target)
        command = typer.main.get_command(alone)
    subcommands = getattr(command, "commands", {}).items()
    for path, each in [(verb, command), *((f"{verb}_{name}", sub) for name, sub in subcommands)]:
        each.get_params = functools.partial(_prepared, each.get_params)
        _read_environment(each, path)
        each.format_help = functools.partial(_help, each.format_help, each, "" if path != verb else verb)
    return command


def _help(format_help: Callable[..., Any], command: Any, verb: str, context: Any, formatter: Any) -> None:
    from simulator.cli.help_text import prepared  # noqa: PLC0415 only for help

    prepared(command, context, verb)
    format_help(context, formatter)


def _read_environment(command: Any, path: str) -> None:
    """Allow every option to be set by a variable, SIMULATOR_VERB_OPTION, or SIMULATOR_OPTION if all verbs share it."""
    for parameter in command.params:
        names = [name for name in parameter.opts if name.startswith("--")]
        if names:
            option = names[0].removeprefix("--")
            parameter.envvar = [_variable(path, option), *([_variable(option)] if option in OF_ALL_VERBS else [])]
            parameter.show_envvar = False  # the help of the program states the rule once


def _variable(*parts: str) -> str:
    return "_".join(("SIMULATOR", *parts)).upper().replace("-", "_")


def _prepared(get_params: Callable[[Any], Any], context: Any) -> Any:
    parameters = get_params(context)
    prepared_values(parameters)
    return parameters


def prepared_values(parameters: Iterable[Any]) -> None:
    """Let the parameters of a command accept values that have the right type already, and parse numbers as files do.

    Typer makes a pydantic validator for each option of a verb, given or not, which took a third of the CPU time of
    rejecting a mistyped scenario name.
    """
    for parameter in parameters:
        if "get_runtime_param" not in vars(parameter):
            parameter.get_runtime_param = functools.partial(Coercion, parameter, parameter.get_runtime_param)
            annotation = parameter.type_descriptor.annotation
            if not {int, float}.isdisjoint((annotation, *get_args(annotation))):
                parameter.process_value = functools.partial(_number, parameter, parameter.process_value)


class Coercion:
    """Replaces the validator that `make` returns, and makes that validator only for a value that needs it."""

    def __init__(self, parameter: Any, make: Callable[[], Any]) -> None:
        self._is_list = parameter.multiple or parameter.nargs == -1
        self._annotation = parameter.type_descriptor.annotation
        self._make = make

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Convert the value to the type of the option."""
        if value is None or (self._is_list and value == []):
            return () if value is None and self._is_list else value
        if isinstance(self._annotation, type) and isinstance(value, self._annotation):
            return value
        return self._make().coerce(value, param=param, ctx=ctx)


def _number(parameter: Any, process: Callable[[Any, Any], Any], context: Any, value: Any) -> Any:
    """Reject numbers such as `1_0`, which Typer would accept as 10."""
    if isinstance(value, str):
        from simulator.model.text.units import parse_number  # noqa: PLC0415 only for an option with a number

        try:
            parse_number(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), context, parameter) from None
    return process(context, value)
