"""What lies beyond the observation: a prediction there relies on the structure of the model alone."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, assert_never

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.settings import PredictedService
from simulator.model.sizes import InstanceSize
from simulator.model.text.quantities import digits_text, rate_text, ratio_text

# A level of a stepped load is reached only roughly, so a rate this much above the highest one is not beyond it.
_TOLERANCE: Final = 1.05


class Beyond(StrEnum):
    """A figure that can exceed the observation."""

    RATE = "rate"
    CPU = "CPU"
    IN_FLIGHT = "in flight"


def beyond(
    model: CalibratedModel, size: InstanceSize, rate_rps: float | None, figures: Mapping[str, PredictedFigure | None]
) -> tuple[Beyond, ...]:
    """Return what exceeds the observation at `rate_rps`, the rate of one instance; None if it is unknown."""
    observed, cpu, in_flight = model.observed, figures["cpu"], figures["in_flight"]
    found = {
        Beyond.RATE: _exceeds(rate_rps, observed.rate_max_rps),
        Beyond.CPU: size == model.size and _exceeds(cpu, observed.utilization_max),
        Beyond.IN_FLIGHT: _exceeds(in_flight, observed.in_flight_max),
    }
    return tuple(name for name, exceeds in found.items() if exceeds)


def extrapolation_text(model: CalibratedModel, name: Beyond) -> str:
    """Return what was observed at most."""
    observed = model.observed
    match name:
        case Beyond.RATE:
            return f"rate: an instance was observed up to {rate_text(observed.rate_max_rps)}"
        case Beyond.CPU:
            return f"CPU: it was observed up to {ratio_text(observed.utilization_max)}"
        case Beyond.IN_FLIGHT:
            most = digits_text(observed.in_flight_max or 0.0)
            return f"in flight: at most {most} requests were observed in an instance at a time"
        case _:
            assert_never(name)


def size_warnings(model: CalibratedModel, service: PredictedService) -> tuple[str, ...]:
    """Return a warning if the instance size was not observed."""
    sizes, size = [each.value for each in model.observed.sizes], service.size
    if size is None or size in sizes:
        return ()
    known = ", ".join(map(str, sizes)) or "none is known"
    text = f"extrapolation: instances of {size} were not observed ({known})"
    return (f"{text}. CPU times are assumed to be those of the same processor",)


def _exceeds(figure: PredictedFigure | float | None, observed: float | None) -> bool:
    value = figure.value if isinstance(figure, PredictedFigure) else figure
    return value is not None and observed is not None and value > observed * _TOLERANCE
