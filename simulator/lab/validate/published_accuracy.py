"""The accuracy that authors of other simulators publish, beside the medians of this one (facts validation-2 V22).

They simulate other systems and report other statistics, so this is no ranking. It shows the order of magnitude that a
published error has, and how much it depends on the set of experiments: the same simulator reads 6.7 % on one set and
24 % on another.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from simulator.lab.validate.summary import SubjectSummary


class PublishedAccuracy(NamedTuple):
    """An error that was published, or computed from published errors of single experiments.

    `errors` are (quantity, relative error) pairs.
    """

    simulator: str
    of: str
    statistic: str
    errors: tuple[tuple[str, float], ...]
    data: str
    source: str


_LLM: Final = "inference of language models, against vLLM"
_ERROR_FILE: Final = "the error file of sim-to-real-accuracy-validation (800 rows), its training and validation set"


def _of_error_file(
    simulator: str, latency: float, first_token: float, between: float, experiments: str
) -> PublishedAccuracy:
    errors = (("end to end", latency), ("first token", first_token), ("between tokens", between))
    return PublishedAccuracy(simulator, _LLM, "mean", errors, experiments, _ERROR_FILE)


PUBLISHED: Final = (
    PublishedAccuracy(
        "BLIS",
        _LLM,
        "median",
        (("end to end", 0.067), ("between tokens", 0.071)),
        "36 experiments; six models and two of three GPUs were not in the 15 runs of its training",
        "inference-sim @f90a1e3a, its blog",
    ),
    PublishedAccuracy(
        "BLIS, by GPU",
        _LLM,
        "median",
        (("H100", 0.055), ("L40S", 0.133), ("A100", 0.157)),
        "the same 36 experiments",
        "inference-sim @f90a1e3a, its blog",
    ),
    _of_error_file("BLIS", 0.240, 0.228, 0.218, "13 experiments"),
    _of_error_file("Vidur", 0.104, 0.163, 0.111, "2 experiments"),
    _of_error_file("AIConfigurator", 0.182, 7.93, 0.211, "7 experiments"),
    _of_error_file("LLM-Optimizer", 0.413, 6.78, 0.544, "9 experiments"),
    _of_error_file("roofline model", 0.446, 3.61, 0.518, "number of experiments not stated"),
    PublishedAccuracy(
        "SimFaaS",
        "a platform for functions, against AWS Lambda",
        "mean",
        (("probability of cold starts", 0.1223), ("instances", 0.0305)),
        "20 experiments; their own measurement error is 10 %",
        "pacslab/simfaas @5dd1623a, notebook 04",
    ),
    PublishedAccuracy(
        "Sizeless",
        "the duration of functions at other memory sizes, against AWS Lambda",
        "mean",
        (("duration", 0.153),),
        "not published with the replication package",
        "the paper",
    ),
)

_ABOUT: Final = """\
The errors that authors of other simulators publish, all against a running system, and those of this one. They are not a
ranking: the systems, the quantities and the statistics differ, and the same simulator has 6.7 % on one set of
experiments and 24 % on another. So each row names its set.
"""


def other_simulators(summaries: Sequence[SubjectSummary]) -> Iterator[str]:
    """Yield the lines of the section: other simulators, then this one by platform."""
    yield from ("", "## Accuracy that other simulators publish", "", _ABOUT)
    yield "| simulator | of | statistic | relative error | set | source |"
    yield "|---|---|---|---|---|---|"
    for one in PUBLISHED:
        errors = ", ".join(f"{quantity} {_share(error)}" for quantity, error in one.errors)
        yield f"| {one.simulator} | {one.of} | {one.statistic} | {errors} | {one.data} | {one.source} |"
    for summary in summaries:
        if summary.median_error is not None:
            yield (
                f"| this simulator | {summary.subject.platform_name} | median | {_share(summary.median_error)} | "
                f"the observed cases above: {summary.observed} | this page |"
            )
    medians = [summary.median_error for summary in summaries if summary.median_error is not None]
    if len(medians) > 1:
        yield (
            f"| this simulator | all platforms with observed cases | median of their medians | "
            f"{_share(statistics.median(medians))} | {len(medians)} platforms | this page |"
        )


def _share(error: float) -> str:
    return f"{error * 100:.3g} %"
