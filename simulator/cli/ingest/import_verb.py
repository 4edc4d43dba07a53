"""`simulator import`: makes a scenario of recorded traffic, in the formats of public datasets and of web servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TextIO

import typer

from simulator.cli.exit_codes import bad_input
from simulator.cli.ingest.import_options import ImportFunctions, ImportLocust, ImportOutputs, ImportPart
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs, lost
from simulator.cli.printing import echo
from simulator.ingest.arrivals.arrival_model import ArrivalForm, ArrivalModel, arrival_model
from simulator.ingest.arrivals.count_series import count_series
from simulator.ingest.imported import Imported, import_files
from simulator.ingest.load.locust.plan import LocustOptions
from simulator.ingest.load.plan import plan_text
from simulator.ingest.load.scripts import imported_load
from simulator.ingest.scenario_text import RecordingText, recordings, scenario_text
from simulator.ingest.settings import ImportSettings
from simulator.ingest.summary import load_summary, summary
from simulator.model.extras import explain_missing
from simulator.model.text.problems import one_of
from simulator.model.text.units import parse_duration
from simulator.scenario.problems import ScenarioError

_WIDTH: Final = 8
_AUTO: Final = "auto"


@grouped
def import_verb(
    outputs: ImportOutputs,
    part: ImportPart,
    functions: ImportFunctions,
    locust: ImportLocust,
    files: list[Path] = typer.Argument(metavar="FILE...", help="Recorded traffic, plain, gzip, bzip2 or xz; in order."),
) -> None:
    """Make a scenario of recorded traffic (logs, traces, metrics, public datasets) or of a load script.

    The format is recognised by the content. What was kept, guessed and dropped is printed.
    """
    settings = _settings(outputs, part, functions)
    forms = [*ArrivalForm, _AUTO]
    if part.arrivals not in forms:
        bad_input(f"--arrivals = {part.arrivals!r}, must be {one_of(part.arrivals, forms)}")
    stem = outputs.out.stem
    options = _locust_options(locust)
    if outputs.format_name is not None and options.are_given:
        bad_input(
            f"--format = {outputs.format_name!r} is recorded traffic: --users, --spawn-rate, --run-time do not fit"
        )
    texts: list[RecordingText] = []
    try:
        load = imported_load(files, options) if outputs.format_name is None else None
        if load is not None:
            if (part, functions) != (ImportPart(), ImportFunctions()):
                named = "--skip, --for, --arrivals, --bin, --exact-paths, --time-zone, --function, --top and --all"
                bad_input(f"{load.file} is a load script: {named} are options of recorded traffic")
            source_code = load.settings.source_code(outputs.out)
            text = plan_text(load.plan, stem, load.file, load.settings.given, source_code)
            lines = load_summary(load)
        else:
            imported = import_files(files, settings)
            models = _models(imported, part.arrivals)
            texts = recordings(imported, stem, models)
            names = [path.name for path in files]
            text = scenario_text(imported, stem, names, models, imported.settings.source_code(outputs.out))
            lines = summary(imported, models)
    except ModuleNotFoundError as error:
        bad_input(f"--arrivals = {part.arrivals}: {explain_missing(error) or error}")
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    with Outputs() as written:
        written.protect(files)
        paths = [outputs.out, *(outputs.out.parent / each.file for each in texts)]
        _check_new(paths, force=outputs.force)
        for path, recording in zip(paths[1:], texts, strict=True):
            stream = written.text("--out", path)
            assert stream is not None
            _write(path, stream, recording.blocks)
        scenario = written.text("--out", outputs.out)
        assert scenario is not None
        _write(outputs.out, scenario, [text])
        written.commit()
    if not outputs.quiet:
        for line in lines:
            echo(f"{line.kind:<{_WIDTH}}{line.text}")
    for path in paths:
        echo(f"{'written':<{_WIDTH}}{path}")
    if not outputs.quiet:
        echo(f"{'next':<{_WIDTH}}simulator run {outputs.out}")


def _settings(outputs: ImportOutputs, part: ImportPart, functions: ImportFunctions) -> ImportSettings:
    if sum((bool(functions.functions), functions.top is not None, functions.everything)) > 1:
        bad_input("--function, --top and --all exclude each other; give one of them")
    return ImportSettings(
        format_name=outputs.format_name,
        functions=tuple(functions.functions),
        top=functions.top,
        everything=functions.everything,
        skip_s=_duration("--skip", part.skip, least_s=0.0),
        length_s=None if part.length is None else _duration("--for", part.length, least_s=1.0),
        bin_s=None if part.bin_width is None else _duration("--bin", part.bin_width, least_s=0.001),
        exact_paths=part.exact_paths,
        zone_name=part.zone_name,
    )


def _models(imported: Imported, asked: str) -> Mapping[str, ArrivalModel]:
    """Return the models of the arrivals of all services by name; none to replay them.

    Raises:
        ModuleNotFoundError: if a library of the extra `lab` is missing.
        ValueError: if a recording does not fit the model that was asked for.
    """
    if asked == ArrivalForm.REPLAY:
        return {}
    form = None if asked == _AUTO else ArrivalForm(asked)
    return {
        each.name: arrival_model(count_series(each.times_s, each.counts, each.bin_s, imported.length_s), form)
        for each in imported.services
    }


def _locust_options(locust: ImportLocust) -> LocustOptions:
    run_time_s = None if locust.run_time is None else _duration("--run-time", locust.run_time, least_s=1.0)
    return LocustOptions(locust.users, locust.spawn_rate, run_time_s)


def _duration(option: str, text: str, least_s: float) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        bad_input(f"{option} = {error}")
    if seconds < least_s:
        bad_input(f"{option} = {text}, must be at least {least_s:g}s")
    return seconds


def _check_new(paths: list[Path], *, force: bool) -> None:
    existing = [path for path in paths if path.exists()]
    if existing and not force:
        bad_input(f"{existing[0]} exists already; --force overwrites it, --out names another file")


def _write(path: Path, stream: TextIO, blocks: Iterable[str]) -> None:
    try:
        stream.writelines(blocks)
    except OSError as error:
        lost("--out", path, error)
