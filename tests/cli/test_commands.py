"""The verbs: grouped help with examples and plain types, variables for options, completion at the top."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.commands import CommandGroup, prepared_values
from simulator.cli.front.console_options import CONSOLE
from simulator.cli.help_text import EXAMPLES
from simulator.cli.scenarios.run_options import BUILDS, EXPORTS, REAL_TIME
from simulator.cli.verb_table import HERE, LOOK_UP, PLAY, VERBS

RUN = CliRunner(env={"COLUMNS": "80", "TERMINAL_WIDTH": None})
SCENARIO = "duration: 2s\nservices: {web: {application: {simulated: {}}}}\n"


def command(name: str) -> Any:
    return CommandGroup(name="simulator").get_command(None, name)


@pytest.mark.case("X8j")
def test_the_list_of_verbs_is_grouped_and_has_no_line_wider_than_the_terminal() -> None:
    shown = RUN.invoke(app, ["--help"]).stdout
    places = [shown.index(f"─ {panel} ─") for panel in (PLAY, HERE, LOOK_UP)]
    assert places == sorted(places)
    assert {verb.panel for verb in VERBS.values()} == {PLAY, HERE, LOOK_UP}
    assert max(map(len, shown.splitlines())) <= 80
    assert not [verb for verb in VERBS.values() if "exit 0" in verb.summary]


@pytest.mark.case("X8j")
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_a_verb_are_commands_that_it_takes(name: str) -> None:
    assert set(EXAMPLES) == set(VERBS)
    for example in EXAMPLES[name]:
        program, verb, *arguments = shlex.split(example)
        assert (program, verb) == ("simulator", name)
        assert len(example) <= 76  # with the prompt and a margin: one line of 80 columns
        done = RUN.invoke(app, [verb, *arguments, "--help"])
        assert done.exit_code == 0, done.output
        target = command(name)
        if arguments and arguments[0] in getattr(target, "commands", {}):
            target, arguments = target.commands[arguments[0]], arguments[1:]
        if arguments != ["--help"]:
            target.make_context(name, arguments)  # raises for an unknown option or an invalid value
    assert f"$ {EXAMPLES[name][0]}" in RUN.invoke(app, [name, "--help"]).stdout


@pytest.mark.case("X8j")
def test_the_options_of_run_are_grouped_in_panels_with_plain_types() -> None:
    shown = RUN.invoke(app, ["run", "--help"]).stdout
    for panel in (EXPORTS, REAL_TIME, BUILDS, CONSOLE):
        assert f"─ {panel} ─" in shown
    for name in VERBS:
        shown = RUN.invoke(app, [name, "--help"]).stdout.partition("Examples:")[0]
        assert not [word for word in ("<int", "<str", "<bool", "<float", "<path", "[[", "{") if word in shown], name
        assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.case("X8l")
def test_every_option_is_read_from_a_variable_of_its_name(tmp_path: Path) -> None:
    file, out = tmp_path / "a.yaml", tmp_path / "report.json"
    file.write_text(SCENARIO)
    variables = {"SIMULATOR_RUN_SEED": "77", "SIMULATOR_RUN_JSON": str(out), "SIMULATOR_QUIET": "1"}
    done = RUN.invoke(app, ["run", str(file)], env=variables)
    assert (done.exit_code, json.loads(out.read_text())["run"]["seed"]) == (0, 77)
    assert "digest" not in done.stdout

    given = RUN.invoke(app, ["run", str(file), "--seed", "5"], env=variables)
    assert (given.exit_code, json.loads(out.read_text())["run"]["seed"]) == (0, 5)


@pytest.mark.case("X8l")
def test_a_variable_has_the_rules_of_its_option() -> None:
    done = RUN.invoke(app, ["run", "first-look"], env={"SIMULATOR_RUN_SEED": "1_0"})
    assert (done.exit_code, "invalid value for '--seed'" in done.stderr) == (2, True)
    assert command("state").commands["export"].params[-1].envvar[0].startswith("SIMULATOR_STATE_EXPORT_")


@pytest.mark.case("X8a")
def test_completion_is_installed_at_the_top_only() -> None:
    assert "--install-completion" in RUN.invoke(app, ["--help"]).stdout
    for name in VERBS:
        assert "--install-completion" not in RUN.invoke(app, [name, "--help"]).stdout


@pytest.mark.case("X8a")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("simulator sc", ["scenarios", "schema"]),
        ("simulator run flash", ["flash-sale"]),
        ("simulator run --see", ["--seed"]),
        ("simulator run --clock v", ["virtual"]),
        ("simulator policies t", ["template"]),
    ],
)
def test_a_shell_completes_verbs_options_values_and_shipped_scenarios(words: str, found: list[str]) -> None:
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_SIMULATOR_COMPLETE": "complete_bash"}
    done = RUN.invoke(app, [], prog_name="simulator", env=variables)
    assert done.stdout.split() == found


@pytest.mark.case("X8l")
def test_a_quiet_comparison_prints_only_its_result(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(SCENARIO)
    arguments = ["compare", str(file), "--policy", "configured", "--seeds", "1", "--workers", "1"]
    loud, quiet = (RUN.invoke(app, [*arguments, *more]) for more in ([], ["--quiet"]))
    assert ("runs: configured" in loud.stderr, "runs: configured" in quiet.stderr) == (True, False)
    assert quiet.stdout == loud.stdout


@pytest.mark.case("X8i")
@pytest.mark.parametrize("verb", [["run"], ["compare", "--policy", "configured", "--seeds", "1"]])
def test_no_line_in_a_pipe_ends_with_blanks(verb: list[str]) -> None:
    name, *options = verb
    done = RUN.invoke(app, [name, "first-look", *options])
    assert done.exit_code == 0, done.output
    assert [line for line in done.stdout.splitlines() if line.endswith(" ")] == []


@pytest.mark.parametrize(
    ("verb", "option", "incomplete", "names"),
    [
        ("run", "policy", "kn", {"knative"}),
        ("shadow", "policy", "keda", {"keda", "keda-http"}),
        ("compare", "policy", "con", {"configured", "container-apps"}),
        ("compare", "platform", "app-", {"app-runner"}),
    ],
)
def test_a_shell_completes_names_of_policies_and_platforms(
    verb: str, option: str, incomplete: str, names: set[str]
) -> None:
    (parameter,) = (each for each in command(verb).params if each.name == option)
    completed = parameter.shell_complete(None, incomplete)
    assert {item.value for item in completed} == names
    assert all(item.help for item in completed)


@pytest.mark.parametrize(
    ("verb", "panels"),
    [
        ("serve", ("Addresses and ports", "Exports", "Times of operations", "Console")),
        ("up", ("Addresses and ports", "Builds")),
        ("compare", ("Exports", "Score", "Runs", "Against an earlier comparison")),
        ("sweep", ("Runs",)),
        ("shadow", ("Real time (--clock real)",)),
    ],
)
def test_the_options_of_a_verb_are_grouped_in_panels(verb: str, panels: tuple[str, ...]) -> None:
    shown = RUN.invoke(app, [verb, "--help"]).stdout
    assert all(f"─ {panel} ─" in shown for panel in ("Options", *panels))


@pytest.mark.parametrize("verb", ["run", "compare", "sweep", "shadow", "validate"])
def test_a_verb_with_progress_can_be_quiet(verb: str) -> None:
    (quiet,) = (each for each in command(verb).params if each.name == "quiet")
    assert quiet.opts == ["--quiet", "-q"]


@pytest.mark.parametrize("verb", ["run", "compare", "sweep", "shadow", "validate", "serve", "up"])
def test_a_verb_cannot_be_quiet_and_verbose(verb: str) -> None:
    needed = {"run": ["first-look"], "compare": ["first-look"], "sweep": ["first-look", "--vary", "max_size=1,2"]}
    needed |= {"shadow": ["first-look", "--policy", "knative"]}
    done = RUN.invoke(app, [verb, *needed.get(verb, []), "-q", "-v"])
    assert (done.exit_code, "verbose = given, must be left out with --quiet" in done.stderr) == (2, True)


def commands(verb: str) -> list[Any]:
    alone = command(verb)
    return list(getattr(alone, "commands", {"": alone}).values())


@pytest.mark.parametrize("verb", VERBS)
def test_the_defaults_of_a_verb_are_what_typers_validators_return(verb: str) -> None:
    for each in commands(verb):
        context = typer.Context(each)
        for parameter in each.params:
            default = parameter.get_default(context)
            by_typer = parameter.get_runtime_param().coerce(default, param=parameter, ctx=context)
            prepared_values([parameter])
            got = parameter.get_runtime_param().coerce(default, param=parameter, ctx=context)
            assert (type(got), got) == (type(by_typer), by_typer), (verb, parameter.name)


def taken(*words: str) -> dict[str, Any]:
    def verb(
        name: str,
        count: int = typer.Option(3, min=1),
        rate: float | None = None,
        label: list[str] = typer.Option([]),  # noqa: B008 Typer's way
        loud: bool = False,
    ) -> None:
        """Take options."""

    alone = typer.Typer(add_completion=False)
    alone.command()(verb)
    target: Any = typer.main.get_command(alone)
    prepared_values(target.params)
    values: dict[str, Any] = target.make_context("verb", list(words)).params
    return values


def test_a_given_value_has_the_type_of_its_option() -> None:
    assert taken("web") == {"name": "web", "count": 3, "rate": None, "label": [], "loud": False}
    given = taken("web", "--count", "7", "--rate", "0.5", "--label", "a", "--label", "b", "--loud")
    assert given == {"name": "web", "count": 7, "rate": 0.5, "label": ["a", "b"], "loud": True}


@pytest.mark.parametrize(
    "words",
    [[], ["web", "--count", "0"], ["web", "--count", "x"], ["web", "--count", "1_0"], ["web", "--rate", "1_0"]],
)
def test_a_value_that_does_not_fit_is_an_error(words: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        taken(*words)
