"""Random known models, observed in virtual time and calibrated: are the parameters found, and do the intervals hold?

    python -m benchmarks.calibration_recovery --models 200

Each model is drawn by its number, so a single one can be repeated: `--first 17 --models 1`. Mechanisms: processor
sharing, workers, an event loop, code on one processor, contention, locks and pools (`--calls`: their code takes minutes
to compile on first use), one to three routes, failures, four families of I/O time and two of CPU time, one and two
vCPUs, a quarter of a vCPU, with the CPU quota of a container. Printed at the end: the median relative error of the
parameters, and the share of the 95 % intervals that contain the true value.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.calibrate import GivenObservation, NotCalibrated, calibrated
from simulator.calibration.fitting.candidate import AppStructure, ModelCandidate
from simulator.calibration.fitting.laws import Family, TimeLaw
from simulator.calibration.model.calibrated_model import CalibratedModel, ObservedFile
from simulator.model.sizes import InstanceSize
from simulator.rules.stations.cpu_quota import CpuQuota
from simulator.world.random_streams import RandomStreams
from tests.calibration.fitting.known_services import observed

_IO_FAMILIES: Final = (Family.LOGNORMAL, Family.GAMMA, Family.UNIFORM, Family.WEIBULL)
_CPU_FAMILIES: Final = (Family.GAMMA, Family.LOGNORMAL)
_FILE: Final = ObservedFile(name="known.observation.zip", sha256="0" * 64)


class KnownModel(NamedTuple):
    """A model with the circumstances of its observation."""

    model: ModelCandidate
    weights: tuple[float, ...]
    size: InstanceSize
    failure_share: float


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
    def is_covered(self) -> bool:
        """True if the interval contains the true value."""
        return self.low <= self.true <= self.high


def drawn(number: int, *, calls: bool) -> KnownModel:
    """Return the random model with this number."""
    rng = RandomStreams(number).stream("recovery")
    routes = int(rng.choice([1, 1, 2, 3]))
    size = (InstanceSize(), InstanceSize(2048, 4096), InstanceSize(256, 512))[int(rng.choice(3, p=[0.6, 0.25, 0.15]))]
    names = ["shared", "workers", "event loop", "one processor", "contention", *(["lock", "pool"] if calls else [])]
    mechanism = str(rng.choice(names))
    cpu, io = [], []
    for _ in range(routes):
        cpu_s = float(np.exp(rng.uniform(np.log(0.004), np.log(0.03))))
        cpu.append(TimeLaw(_CPU_FAMILIES[int(rng.integers(2))], cpu_s, float(rng.uniform(0.3, 1.2))))
        family = _IO_FAMILIES[int(rng.integers(len(_IO_FAMILIES)))]
        spread = float(rng.uniform(0.15, 0.5 if family is Family.UNIFORM else 1.0))
        io.append(TimeLaw(family, cpu_s * float(rng.uniform(1.5, 8.0)), spread))
    structure, call, contention = AppStructure(), None, 0.0
    match mechanism:
        case "workers":
            busy = 1 + io[0].mean_s / cpu[0].mean_s
            structure = AppStructure(workers=max(1, round(busy * float(rng.uniform(0.4, 1.2)) * size.vcpu)))
        case "event loop":
            structure = AppStructure(is_first_come=True, parallelism=1)
        case "one processor":
            size, structure = InstanceSize(2048, 4096), AppStructure(parallelism=1)
        case "contention":
            structure, contention = AppStructure(is_contended=True), float(rng.uniform(0.02, 0.1))
        case "lock" | "pool":
            structure = AppStructure(pool=1 if mechanism == "lock" else int(rng.integers(2, 8)))
            assert structure.pool is not None, mechanism
            longest_s = 0.7 * min(law.mean_s for law in io)
            held_s = structure.pool * cpu[0].mean_s / size.vcpu * float(rng.uniform(1.5, 3.0))
            call = TimeLaw(Family.LOGNORMAL, min(longest_s, held_s), float(rng.uniform(0.3, 0.8)))
        case _:
            pass
    weights = tuple(float(each) for each in rng.uniform(0.3, 1.0, routes))
    failing = float(rng.uniform(0.005, 0.05)) if rng.random() < 0.3 else 0.0
    return KnownModel(ModelCandidate(structure, tuple(cpu), tuple(io), call, contention), weights, size, failing)


def mechanism_of(model: ModelCandidate) -> str:
    """Return the name of its mechanism."""
    return str(model.structure)


def recovered(number: int, known: KnownModel, found: CalibratedModel) -> Iterator[Recovered]:
    """Yield the parameters that both have."""
    names = {parameter.name: parameter for parameter in found.parameters}
    for name, true in true_values(known):
        parameter = names.get(name)
        if parameter is None or parameter.value is None or parameter.how == "unknown":
            continue
        low = parameter.value if parameter.low is None else parameter.low
        high = float("inf") if parameter.high is None else parameter.high
        yield Recovered(number, mechanism_of(known.model), name, true, parameter.value, low, high)


def true_values(known: KnownModel) -> Iterator[tuple[str, float]]:
    """Yield the true values by the names of the parameters."""
    model = known.model
    for route, (cpu, io) in enumerate(zip(model.cpu, model.io, strict=True)):
        for law, kind in ((cpu, "CPU"), (io, "I/O")):
            yield f"mean {kind} time of GET /{route}", law.mean_s
            yield f"standard deviation of the {kind} time of GET /{route}", law.sd_s
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


def main() -> None:
    """Draw, observe and calibrate; print a line for each model, then the summary."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--models", type=int, default=200)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--calls", action="store_true", help="models with locks and pools as well")
    options.add_argument("--csv", type=Path, help="a row for each parameter")
    given = options.parse_args()
    rows: list[Recovered] = []
    right = count = 0
    for number in range(given.first, given.first + given.models):
        known = drawn(number, calls=given.calls)
        begun_s = time.process_time()
        try:
            observation = observed(
                known.model,
                number,
                weights=known.weights,
                size=known.size,
                quota=CpuQuota(0.1, 2),
                failure_share=known.failure_share,
            )
            model = calibrated([GivenObservation(observation, _FILE)], "known", number)
        except NotCalibrated as error:
            sys.stdout.write(f"{number}: {error}\n")
            continue
        own = list(recovered(number, known, model))
        is_same = same_structure(known, model)
        right, count = right + is_same, count + 1
        rows += own
        covered = sum(row.is_covered for row in own)
        middle = statistics.median(row.error for row in own) if own else float("nan")
        other = model.provenance.method.rpartition(" as in ")[2]
        cpu_s = time.process_time() - begun_s
        sys.stdout.write(
            f"{number}: {mechanism_of(known.model)}, {len(known.model.cpu)} routes, {known.size.vcpu:g} vCPU: "
            f"{'found' if is_same else f'taken for {other}'}; median error "
            f"{100 * middle:.1f} %, {covered} of {len(own)} intervals hold, {cpu_s:.1f} s of CPU\n"
        )
        sys.stdout.flush()
    if given.csv is not None:
        write_rows(rows, given.csv)
    sys.stdout.write("\n".join(summary(rows, right, count)) + "\n")


def summary(rows: Sequence[Recovered], right: int, count: int) -> Iterator[str]:
    """Yield the summary."""
    if not rows:
        yield "nothing was calibrated"
        return
    yield f"{count} models, the mechanism found in {right}; {len(rows)} parameters"
    yield f"median relative error {100 * statistics.median(row.error for row in rows):.2f} %"
    yield f"intervals that contain the true value: {100 * statistics.fmean(row.is_covered for row in rows):.1f} %"
    for words in ("mean CPU", "deviation of the CPU", "mean I/O", "deviation of the I/O", "workers", "contention"):
        own = [row for row in rows if words in row.name]
        if own:
            error = 100 * statistics.median(row.error for row in own)
            share = 100 * statistics.fmean(row.is_covered for row in own)
            yield f"  {words}: {len(own)}, median error {error:.2f} %, covered {share:.1f} %"


def write_rows(rows: Sequence[Recovered], file: Path) -> None:
    """Write a row for each parameter."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(Recovered._fields)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
