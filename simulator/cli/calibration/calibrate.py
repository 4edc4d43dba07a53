"""`simulator calibrate`: fits a model to observations or recordings, and writes the model and its scenario."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer

from simulator.calibration.fitting.calibrate import GivenObservation, NotCalibrated, calibrated
from simulator.calibration.model.calibrated_model import CalibratedModel, ObservedFile
from simulator.calibration.model.model_file import SUFFIX as MODEL_SUFFIX
from simulator.calibration.model.model_file import model_json
from simulator.calibration.model.scenario_text import parameter_text, scenario_text
from simulator.calibration.observation.observation_file import SUFFIX, read_observation, sha256_of
from simulator.calibration.page.accuracy import goodness_text
from simulator.calibration.recordings import (
    RecordedService,
    RecordingKind,
    calibrated_recording,
    fitted_capacity,
    modelled_capacity,
    recording_kind,
)
from simulator.calibration.scalability.capacity_model import NoCapacityModel
from simulator.calibration.scalability.scalability_text import scalability_lines
from simulator.cli.calibration.page_file import write_page
from simulator.cli.calibration.recordings import RecordingOptions
from simulator.cli.exit_codes import bad_input, cannot
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.cli.terminal import Terminal
from simulator.lab.extras import MissingLibrary
from simulator.model.text.problems import FileProblems
from simulator.model.text.versions import OtherVersion
from simulator.replay.runner import BrokenRun
from simulator.scenario.problems import ScenarioError

_NAME_MAX: Final = 40
_FITTING: Final = "fitting the model; on first use its kernels are compiled"


@grouped
def calibrate_verb(
    recorded: RecordingOptions,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES...",
            help="Observations of one service, written by `observe`; or its access logs, its CloudWatch metrics, or a "
            "CSV of throughput by concurrency.",
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The model file (default: NAME.model.json).")
    ] = None,
    scenario: Annotated[
        Path | None,
        typer.Option("--scenario", metavar="FILE", help="The scenario with the model (default: NAME.yaml)."),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option("--page", metavar="FILE", help="The page with curves and parameters (default: NAME.html)."),
    ] = None,
    no_page: Annotated[
        bool, typer.Option("--no-page", help="Write no page: its curves take hundreds of runs of the model.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Name of the service (default: that of the first file)."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the plays of the model.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the names of the files only.")] = False,
) -> None:
    """Fit a model to observations of a service: CPU and I/O times, workers, event loop, locks, with 95 % intervals.

    Writes NAME.model.json, which `predict` and `verify` read, NAME.yaml, a scenario with the model, and NAME.html, its
    page. What the observations cannot tell is stated, not invented. Of throughput by concurrency the scalability law is
    printed too.
    """
    service = recorded.service
    kind = _kind(files, service)
    chosen = _service_name(files[0]) if name is None else name
    if not re.fullmatch("[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", chosen):
        bad_input(f"--name {chosen!r}, must be lowercase letters, digits and hyphens, at most {_NAME_MAX}")
    stem = files[0].name.removesuffix(SUFFIX) or chosen if kind is RecordingKind.OBSERVATION else chosen
    model_file = output or Path(f"{stem}{MODEL_SUFFIX}")
    scenario_file = scenario or Path(f"{stem}.yaml")
    if page is not None and no_page:
        bad_input("--page and --no-page exclude each other")
    page_file = None if no_page else page or Path(f"{stem}.html")
    with Outputs() as outputs, Outputs() as page_outputs:
        outputs.protect(files)
        page_outputs.protect([*files, model_file, scenario_file], "an input or another output")
        page_stream = page_outputs.text("--page", page_file)
        model_text, scenario_stream = outputs.text("--output", model_file), outputs.text("--scenario", scenario_file)
        assert model_text is not None, "it has a default"
        assert scenario_stream is not None, "it has a default"
        try:
            model = _calibrated(files, kind, service, chosen, seed, quiet=quiet)
        except NoCapacityModel as error:
            if output is not None or scenario is not None or page is not None:
                bad_input(f"no model can be written: {error}")
            echo(f"note: no model: {error}")
            return
        except (FileProblems, OtherVersion, NotCalibrated, ValueError) as error:
            bad_input(str(error))
        except OSError as error:
            bad_input(f"{error.filename or files[0]}: {error.strerror}")
        except MissingLibrary as error:
            cannot(error)
        model_text.write(model_json(model))
        scenario_stream.write(scenario_text(model, model_file.name))
        outputs.commit()
        lines = None if page_stream is None else _page_lines(page_stream, model, seed, quiet=quiet)
        if lines is not None:
            page_outputs.commit()
    for line in () if quiet else lines or calibration_lines(model):
        echo(line)
    written = "" if lines is None else f"; {page_file}: its page"
    echo(f"{model_file}: the model; {scenario_file}: a scenario with it{written}")


def _kind(files: Sequence[Path], service: RecordedService) -> RecordingKind:
    try:
        kind = recording_kind(files)
    except (FileProblems, ValueError) as error:
        bad_input(str(error))
    except OSError as error:
        bad_input(f"{error.filename or files[0]}: {error.strerror}")
    if kind is RecordingKind.OBSERVATION and service != RecordedService():
        bad_input("options of the service are given, must be left out: an observation has the settings of its service")
    return kind


def _calibrated(
    files: Sequence[Path], kind: RecordingKind, service: RecordedService, name: str, seed: int, *, quiet: bool
) -> CalibratedModel:
    if kind is RecordingKind.OBSERVATION:
        given = _given(files)
        with Terminal(stderr=True, quiet=quiet).status(_FITTING):
            return calibrated(given, name, seed)
    if kind is RecordingKind.CAPACITY:
        fit = fitted_capacity(files)
        for line in () if quiet else (*scalability_lines(fit), ""):
            echo(line)
        return modelled_capacity(fit, files[0], service, name, seed)
    with Terminal(stderr=True, quiet=quiet).status("") as status:

        def tell(done: int, of_all: int) -> None:
            status.update(f"{done} of {of_all} runs of candidate models")

        return calibrated_recording(files, kind, service, name, seed, tell)


def _page_lines(stream: TextIO, model: CalibratedModel, seed: int, *, quiet: bool) -> list[str] | None:
    """Write the page and return the summary. None if the model cannot be played alone: it is written already."""
    try:
        return write_page(stream, model, seed, quiet=quiet)
    except (ScenarioError, BrokenRun, MissingLibrary) as error:
        echo(f"note: no page: {error}", err=True)
        return None


def _given(files: Sequence[Path]) -> list[GivenObservation]:
    return [
        GivenObservation(read_observation(file), ObservedFile(name=file.name, sha256=sha256_of(file))) for file in files
    ]


def _service_name(file: Path) -> str:
    """Return a name of a service, made from that of a file without its endings."""
    own = file.name.removesuffix(SUFFIX) if file.name.endswith(SUFFIX) else file.name.lstrip(".").partition(".")[0]
    text = re.sub("[^a-z0-9]+", "-", own.lower()).strip("-")[:_NAME_MAX].strip("-")
    return text or "service"


def calibration_lines(model: CalibratedModel) -> Iterator[str]:
    """Yield what was found, line by line."""
    yield model.provenance.method
    for parameter in model.parameters:
        yield f"  {parameter_text(parameter)}"
    yield goodness_text(model.fit.goodness)
    yield from (f"Warning: {each}" for each in model.warnings)
    yield from (f"Unknown: {each}" for each in model.unknown)
