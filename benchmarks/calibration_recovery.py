"""Random known models, observed in virtual time and calibrated: are the parameters found, and do the intervals hold?

    python -m benchmarks.calibration_recovery --models 200 --jobs 2 --results recovery.jsonl

Each model is made from its number, so a single one can be repeated: `--first 17 --models 1`. Mechanisms: processor
sharing, workers, an event loop, code on one processor, contention, locks and pools (their code takes half a minute to
compile on first use), one to three routes, failures, four families of I/O time and two of CPU time, one and two vCPUs,
a quarter of a vCPU, with the CPU quota of a container. Each is observed for five minutes: its routes in turn are
requested one at a time for a minute, then there are eight loads of 30 s, with the CPU time of each second.

What counts. A parameter counts if the calibration states it with a 95 % interval, whatever mechanism was found: so the
CPU time of a model whose contention was missed counts, with its error. The I/O time of a model for which no lock or
pool was found contains the time with a connection, and is compared with the sum of both. A parameter that the
calibration calls unknown, or that belongs to a mechanism that was not found, has neither an error nor an interval: such
parameters are counted on a line of their own, by name.

With `--results`, a line is appended for each model when it is done, and models whose line is there are not calibrated
again: a run that was ended goes on. Printed at the end: the median relative error of the parameters, the share of the
intervals that contain the true value, both by kind of parameter, and the spread of (found - true) / (standard deviation
of the interval), which is 1 if intervals are as wide as errors are large.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from simulator.calibration.fitting.calibrate import GivenObservation, NotCalibrated, calibrated
from simulator.calibration.fitting.candidate import ModelCandidate
from simulator.calibration.model.calibrated_model import CalibratedModel, ObservedFile
from simulator.rules.stations.cpu_quota import CpuQuota
from tests.calibration.fitting.known_models import KnownModel, known_model
from tests.calibration.fitting.known_services import observed

_QUANTILE: Final = 1.96
_UNLOADED_S: Final = 60.0
_FILE: Final = ObservedFile(name="known.observation.zip", sha256="0" * 64)


class Recovered(NamedTuple):
    """A parameter: true, found, with its interval."""

    number: int
    mechanism: str
    name: str
    true: float
    found: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """The relative error."""
        return abs(self.found / self.true - 1)

    @property
    def deviate(self) -> float:
        """The error of the logarithm in standard deviations of the interval; NaN if it has no width."""
        if not 0 < self.low < self.high < math.inf:
            return math.nan
        return math.log(self.found / self.true) / (math.log(self.high / self.low) / (2 * _QUANTILE))

    @property
    def is_covered(self) -> bool:
        """True if the interval contains the true value."""
        return self.low <= self.true <= self.high


def mechanism_of(model: ModelCandidate) -> str:
    """Return the name of its mechanism."""
    return str(model.structure)


def recovered(number: int, known: KnownModel, found: CalibratedModel) -> Iterator[Recovered]:
    """Yield the parameters that both have."""
    names = {parameter.name: parameter for parameter in found.parameters}
    for name, true in true_values(known, with_calls="downstream" in found.application):
        parameter = names.get(name)
        if parameter is None or parameter.value is None or parameter.how == "unknown":
            continue
        low = parameter.value if parameter.low is None else parameter.low
        high = float("inf") if parameter.high is None else parameter.high
        yield Recovered(number, mechanism_of(known.model), name, true, parameter.value, low, high)


def true_values(known: KnownModel, *, with_calls: bool = True) -> Iterator[tuple[str, float]]:
    """Yield the true values by the names of the parameters.

    In a model without a pool or lock (not `with_calls`), the I/O time of a request contains its time with a connection.
    """
    model = known.model
    for route, (cpu, io) in enumerate(zip(model.cpu, model.io, strict=True)):
        parts = [io] if with_calls or model.call is None or not model.structure.uses_pool(route) else [io, model.call]
        for laws, kind in (([cpu], "CPU"), (parts, "I/O")):
            yield f"mean {kind} time of GET /{route}", sum(law.mean_s for law in laws)
            yield f"standard deviation of the {kind} time of GET /{route}", math.hypot(*(law.sd_s for law in laws))
    if model.call is not None:
        yield "mean time with a connection or lock", model.call.mean_s
        yield "standard deviation of the time with a connection or lock", model.call.sd_s
    if model.structure.is_contended:
        yield "contention", model.contention
    for name, limit in (
        ("workers", model.structure.workers),
        ("connections or locks of an instance", model.structure.pool),
    ):
        if limit is not None:
            yield name, float(limit)
    if known.failure_share:
        yield "share of requests that fail", known.failure_share


def same_structure(known: KnownModel, found: CalibratedModel) -> bool:
    """Return whether the found mechanisms are the true ones."""
    simulated, true = found.application["simulated"], known.model.structure
    pool = found.application.get("downstream", {}).get("shared", {}).get("pool")
    one_vcpu = known.size.vcpu <= 1  # then code on one processor is the same as code on all
    return (
        (simulated.get("cpu_order") == "first_come") == true.is_first_come
        and ("workers" in simulated) == (true.workers is not None)
        and (pool is None) == (true.pool is None)
        and (("contention" in simulated) or ("coherency" in simulated)) == true.is_contended
        and (one_vcpu or (simulated.get("parallelism") == true.parallelism))
    )


def calibrated_model(number: int) -> dict[str, Any]:
    """Draw, observe and calibrate one model; return its line of the results."""
    known = known_model(number)
    begun_s = time.process_time()
    line: dict[str, Any] = {
        "number": number,
        "mechanism": mechanism_of(known.model),
        "routes": len(known.model.cpu),
        "vcpu": known.size.vcpu,
    }
    try:
        observation = observed(
            known.model,
            number,
            weights=known.weights,
            size=known.size,
            quota=CpuQuota(0.1, 2),
            failure_share=known.failure_share,
            unloaded_s=_UNLOADED_S,
        )
        model = calibrated([GivenObservation(observation, _FILE)], "known", number)
    except NotCalibrated as error:
        return {**line, "not_calibrated": str(error)}
    own = list(recovered(number, known, model))
    stated = {row.name for row in own}
    goodness = model.fit.goodness
    return {
        **line,
        "found": model.provenance.method.rpartition(" as in ")[2].rstrip("."),
        "is_same": same_structure(known, model),
        "p_value": goodness.p_value if goodness is not None else None,
        "rows": own,
        "not_stated": [name for name, _ in true_values(known) if name not in stated],
        "cpu_s": time.process_time() - begun_s,
    }


def told(line: dict[str, Any]) -> str:
    """Return the line of a model for the terminal."""
    begin = f"{line['number']}: {line['mechanism']}, {line['routes']} routes, {line['vcpu']:g} vCPU: "
    if "not_calibrated" in line:
        return begin + str(line["not_calibrated"])
    rows = [Recovered(*row) for row in line["rows"]]
    middle = statistics.median(row.error for row in rows) if rows else float("nan")
    covered = sum(row.is_covered for row in rows)
    found = "found" if line["is_same"] else f"taken for {line['found']}"
    return (
        f"{begin}{found}; p = {line['p_value']:.2f}; median error {100 * middle:.1f} %, {covered} of {len(rows)} "
        f"intervals hold, {line['cpu_s']:.1f} s of CPU"
    )


def main() -> None:
    """Calibrate the models; print a line for each, then the summary."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--models", type=int, default=200)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--jobs", type=int, default=1, help="processes")
    options.add_argument("--results", type=Path, help="a line of JSON for each model; models that it has are done")
    given = options.parse_args()
    lines = known_lines(given.results)
    numbers = [each for each in range(given.first, given.first + given.models) if each not in lines]
    with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
        for line in pool.imap_unordered(calibrated_model, numbers):
            lines[line["number"]] = line
            sys.stdout.write(told(line) + "\n")
            sys.stdout.flush()
            if given.results is not None:
                with given.results.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(line) + "\n")
    chosen = [lines[number] for number in range(given.first, given.first + given.models)]
    sys.stdout.write("\n".join(summary(chosen)) + "\n")


def known_lines(file: Path | None) -> dict[int, dict[str, Any]]:
    """Return the lines of a file of results, by the number of the model."""
    if file is None or not file.exists():
        return {}
    lines = [json.loads(text) for text in file.read_text(encoding="utf-8").splitlines()]
    return {line["number"]: line for line in lines}


def summary(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the summary."""
    done = [line for line in lines if "not_calibrated" not in line]
    rows = [Recovered(*row) for line in done for row in line["rows"]]
    if not rows:
        yield "nothing was calibrated"
        return
    right = sum(line["is_same"] for line in done)
    yield f"{len(lines)} models, {len(lines) - len(done)} not calibrated, the mechanism found in {right}"
    yield f"{_figures(rows)}, of {len(rows)} parameters"
    same = {line["number"] for line in done if line["is_same"]}
    for name, its in (
        ("mechanism found", [row for row in rows if row.number in same]),
        ("another taken", [row for row in rows if row.number not in same]),
    ):
        if its:
            yield f"  {name}: {len(its)}, {_figures(its)}"
    kinds = ("mean CPU", "deviation of the CPU", "mean I/O", "deviation of the I/O", "workers", "contention", "fail")
    for words in (*kinds, "with a connection", "connections or locks"):
        own = [row for row in rows if words in row.name]
        if own:
            yield f"  {words}: {len(own)}, {_figures(own)}"
    missing = Counter(re.sub(r" of GET /\d+", "", name) for line in done for name in line["not_stated"])
    yield f"not stated: {sum(missing.values())} ({', '.join(f'{name} {n}' for name, n in missing.most_common())})"
    taken = Counter((_kind(line["mechanism"]), _kind(line["found"])) for line in done if not line["is_same"])
    for (true, found), count in taken.most_common():
        yield f"  {count} x {true} taken for {found}"


def _figures(rows: Sequence[Recovered]) -> str:
    error = 100 * statistics.median(row.error for row in rows)
    share = 100 * statistics.fmean(row.is_covered for row in rows)
    deviates = [row.deviate for row in rows if math.isfinite(row.deviate)]
    spread = math.sqrt(statistics.fmean(each**2 for each in deviates)) if deviates else float("nan")
    return f"median error {error:.2f} %, intervals that hold {share:.1f} %, spread of the deviates {spread:.2f}"


def _kind(mechanism: str) -> str:
    return re.sub(r"\d+ workers", "workers", re.sub(r"a pool of \d+", "a pool", mechanism))


if __name__ == "__main__":
    main()
