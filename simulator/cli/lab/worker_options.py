"""The options that say where the runs of a batch are played and where their results are kept, and what they open."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.cli.exit_codes import bad_input, broke, cannot
from simulator.cli.printing import echo
from simulator.lab.workers.kept_results import KeptResults, ResultsConflict
from simulator.lab.workers.opening import worker_pool
from simulator.lab.workers.worker_pool import NoWorkers, Result, Unit, WorkerPool
from simulator.model.extras import explain_missing

WORKERS: Final = "Workers"


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Where the runs are played."""

    workers: Annotated[
        int, typer.Option(min=0, help="Processes of this machine; 0 is one for each core.", rich_help_panel=WORKERS)
    ] = 0
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="A Dask scheduler whose workers play the runs; they get copies of the files that these read.",
            rich_help_panel=WORKERS,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class ResumeOptions(WorkerOptions):
    """Where the runs are played, and the file that keeps their results."""

    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="F.jsonl",
            help="Write each run's result to F at once; the runs that F has are not played again.",
            rich_help_panel=WORKERS,
        ),
    ] = None


@contextlib.contextmanager
def opened_workers(options: WorkerOptions, units: int | None, resumes: Path | None) -> Iterator[WorkerPool]:
    """Open the worker pool, and end the command if it cannot be opened or has no workers any more.

    `units`: the number of runs, if it is known. `resumes`: the file with the results so far, from which the same
    command continues.
    """
    try:
        pool = worker_pool(options.workers, options.scheduler, units)
    except ImportError as error:
        bad_input(explain_missing(error) or str(error))
    except NoWorkers as error:
        bad_input(str(error))
    except (OSError, ValueError) as error:
        bad_input(f"scheduler = {options.scheduler!r}, must be the address of a Dask scheduler that runs: {error}")
    try:
        with pool:
            yield pool
    except NoWorkers as error:
        more = "" if resumes is None else f"; the same command continues from {resumes}"
        broke(f"{error}{more}")


@contextlib.contextmanager
def opened_results(kept: KeptResults[Unit, Result] | None) -> Iterator[KeptResults[Unit, Result] | None]:
    """Open the file of results, if there is one, print notes about it, and end the command if it cannot be used."""
    if kept is None:
        yield None
        return
    with contextlib.ExitStack() as opened:
        try:
            opened.enter_context(kept)
        except ResultsConflict as error:
            bad_input(str(error))
        except OSError as error:
            cannot(error, f"--resume = {str(kept.path)!r}, cannot be opened: {error.strerror or error}")
        for note in kept.notes:
            echo(f"note: {note}", err=True)
        yield kept


def tell_interrupted(options: ResumeOptions) -> None:
    """Print that the command was interrupted, and from where it continues."""
    continues = "" if options.resume is None else f"; the same command continues from {options.resume}"
    echo(f"interrupted{continues}", err=True)
