"""`simulator shadow`: what other policies would have decided during a run, without effect."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import Annotated, TextIO

import typer

from simulator.cli.build_options import build_settings
from simulator.cli.engine import engine_host
from simulator.cli.exit_codes import INTERRUPTED, bad_input, run_broke
from simulator.cli.front.name_completion import policy_names
from simulator.cli.lab.lab_options import ShadowClockOptions, ShadowOptions
from simulator.cli.lab.tables import print_table, tell_notes, wide_console
from simulator.cli.listening import allow_many_files
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.platform.event_lines import check_loudness, tell_events
from simulator.cli.printing import echo
from simulator.cli.scenarios.run_builds import built
from simulator.cli.scenarios.scenario_file import loaded, policy_files, scenario_names, scenario_path, tell_recordings
from simulator.cli.state.folder import state_folder
from simulator.cli.terminal import Terminal
from simulator.console.progress import Progress
from simulator.edge.live.live_settings import LiveSettings
from simulator.lab.compare.tables import CANNOT_ACT, Cell, Table
from simulator.lab.shadow import Shadows
from simulator.model.text.quantities import quantity_text
from simulator.platform.scaling.shadow import Divergence
from simulator.replay.progress import SilentWatcher
from simulator.replay.runner import BrokenRun, InterruptedRun, Run, play
from simulator.rules.policies.registry import POLICIES
from simulator.scenario.problems import ScenarioError
from simulator.traffic.policy_fit import NoteKind
from simulator.world.clock import ClockKind, wall_s

FAILURES_SHOWN = 3


@grouped
def shadow_verb(
    scenario: Annotated[
        str,
        typer.Argument(
            autocompletion=scenario_names,
            metavar="FILE",
            help="A scenario file, the name of a shipped scenario, or - for standard input.",
        ),
    ],
    policy: Annotated[
        list[str],
        typer.Option(
            autocompletion=policy_names,
            metavar="NAME",
            help=f"A shadow; may be given again: {', '.join(POLICIES)}, or FILE.py:CLASS of your own.",
        ),
    ],
    options: ShadowOptions,
    time: ShadowClockOptions,
) -> None:
    """Run a scenario with its own policy, evaluate other policies without applying them, and report how they differ."""
    check_loudness(quiet=options.quiet, verbose=options.verbose)
    try:
        path = scenario_path(scenario)
        given = loaded(path)
        given.require(time.clock.value)
        tell_recordings(given)
        is_real = time.clock is ClockKind.REAL
        live = LiveSettings(state_folder(time.state), engine=engine_host(time.engine)) if is_real else None
        shadows = Shadows(given, policy)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    tell_notes(shadows.notes)
    with Outputs() as outputs:
        outputs.protect([*given.files, *policy_files(*policy)])
        out = outputs.text("--json", options.json_file)
        if live is not None:
            allow_many_files()
            given = built(given, build_settings(live.state, engine=live.engine), quiet=options.quiet)
        run = Run(given, live)
        shadows.follow(run.journal)
        complete = _played(run, options)
        _print(shadows)
        if out is not None:
            _write(shadows.divergences, out)
        outputs.commit()
    raise typer.Exit(0 if complete else INTERRUPTED)


def _played(run: Run, options: ShadowOptions) -> bool:
    """Play the run. Return True if it ended normally."""
    silent, terminal = contextlib.nullcontext(SilentWatcher()), Terminal(stderr=True)
    if options.verbose:
        tell_events(run.journal, lambda line: terminal.print(line, soft_wrap=True))
    try:
        with silent if options.quiet else Progress(terminal, run.scenario.name, wall_s) as run.watcher:
            return play(run).complete
    except ScenarioError as error:
        bad_input(str(error))
    except InterruptedRun as error:
        echo("interrupted before the run began", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except BrokenRun as error:
        run_broke(error)


def _print(shadows: Shadows) -> None:
    divergences = shadows.divergences
    unable = {(note.service, note.policy) for note in shadows.notes if note.kind is NoteKind.CANNOT_ACT}
    headings = ("acting", "differs", "mean difference", "mean gap", "most more", "most fewer", "changes")
    rows = tuple(
        (f"{one.service}: {one.shadow}{CANNOT_ACT * ((one.service, one.shadow) in unable)}", _cells(one))
        for one in divergences
    )
    print_table(Table("desired counts of the shadows, against the policy that acted", headings, rows), wide_console())
    for one in divergences:
        for line in one.failures[:FAILURES_SHOWN]:
            echo(f"{one.service}: {line}", err=True)


def _cells(one: Divergence) -> tuple[Cell, ...]:
    return (
        Cell(one.acting),
        Cell(quantity_text(one.differing_share, "ratio")),
        Cell(quantity_text(one.mean_difference, "mean", signed=True)),
        Cell(quantity_text(one.mean_gap, "mean")),
        Cell(str(one.most_more)),
        Cell(str(one.most_fewer)),
        Cell(str(len(one.decisions))),
    )


def _write(divergences: list[Divergence], stream: TextIO) -> None:
    document = [
        dataclasses.asdict(one)
        | {
            "differing_share": one.differing_share,
            "mean_difference": one.mean_difference,
            "mean_gap": one.mean_gap,
        }
        for one in divergences
    ]
    stream.write(json.dumps(document, indent=1) + "\n")
