"""Observes, calibrates and predicts real applications: `python -m benchmarks.calibration_live`.

Each application is played on this machine as one instance with the CPU and memory of its size, first under the levels
of an observation, then at 35, 60 and 85 % of its saturation rate and above it, which the calibration has not seen. The
model plays the same arrivals. An application takes about two minutes. With `--keep` the results are in a folder, and
the same command goes on where it ended.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.calibration_live.applications import APPLICATIONS
from benchmarks.calibration_live.experiment import Times, experiment
from benchmarks.calibration_live.figures import Compared
from benchmarks.calibration_live.tables import summary, table
from simulator.world.clock import wall_s


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--apps", metavar="A,B", help=f"only these of {', '.join(APPLICATIONS)}")
    arguments.add_argument("--repeats", type=int, default=1, metavar="N", help="number of times (default: 1)")
    arguments.add_argument("--observe", type=float, default=60.0, metavar="S", help="seconds of an observation")
    arguments.add_argument("--level", type=float, default=10.0, metavar="S", help="seconds of a held-out load")
    arguments.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="where observations and models are kept (default: a new folder in that of temporary files)",
    )
    arguments.add_argument("--json", type=Path, metavar="F", help="write all figures as JSON to F")
    arguments.add_argument("--minutes", type=float, metavar="M", help="begin no experiment after M minutes")
    given = arguments.parse_args()
    names = given.apps.split(",") if given.apps else list(APPLICATIONS)
    if unknown := [name for name in names if name not in APPLICATIONS]:
        arguments.error(f"--apps = {unknown[0]}, must be of {', '.join(APPLICATIONS)}")
    keep = given.keep or Path(tempfile.mkdtemp(prefix="calibration-live-"))
    keep.mkdir(parents=True, exist_ok=True)
    print(f"observations and models: {keep}", flush=True)
    rows: list[Compared] = []
    failed = []
    first_s = wall_s()
    for repeat, name in itertools.product(range(given.repeats), names):
        began_s = wall_s()
        if given.minutes is not None and began_s - first_s > 60 * given.minutes:
            print(f"stopped after {given.minutes:g} minutes, before {name} (time {repeat + 1})")
            break
        try:
            made = experiment(APPLICATIONS[name], Times(given.observe, given.level, seed=7 + 10 * repeat), keep)
        except Exception:  # noqa: BLE001 the other applications are still measured
            traceback.print_exc()
            failed.append(name)
            continue
        rows += made.rows
        print(
            f"{name}: {wall_s() - began_s:.0f} s, load average {made.load_average[0]:.1f} before, "
            f"{made.load_average[1]:.1f} after; {made.structure}",
            flush=True,
        )
        print("\n".join([*(f"- {note}" for note in made.notes), *table(made.rows)]), flush=True)
        _written(rows, given.json)
    print("", *table(rows), "", *summary(rows), sep="\n")
    if failed:
        print(f"failed: {', '.join(failed)}")


def _written(rows: Sequence[Compared], file: Path | None) -> None:
    if file is not None:
        file.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
