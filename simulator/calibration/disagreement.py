"""Load stages at which a model differs from what it was fitted to by more than chance, and the sentences about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from simulator.calibration.model.calibrated_model import FigureName, StageFit
from simulator.model.text.quantities import digits_text, rate_text

TITLES: Final[dict[FigureName, str]] = {
    "p50_s": "p50",
    "p95_s": "p95",
    "cpu_s": "CPU per request",
    "throughput_rps": "throughput",
}
"""The figures that are compared, with their names in sentences."""
FAR: Final = 0.1
"""A difference above this share of the measured figure is told."""
_CHANCE: Final = 2.0  # standard errors, within which a difference may be chance
_LOADS_MAX: Final = 4  # loads that a sentence names


class FarFigure(NamedTuple):
    """A figure of a stage that differs by more than chance: the model above the measurement, as a share of that."""

    name: FigureName
    rate_rps: float
    difference: float

    @property
    def text(self) -> str:
        """Such as `+31 % at 59.3/s`."""
        sign = "+" if self.difference > 0 else "-"
        return f"{sign}{digits_text(100 * abs(self.difference), 2)} % at {rate_text(self.rate_rps)}"


def far_figures(stages: Sequence[StageFit], name: FigureName) -> list[FarFigure]:
    """Return where the model is far from a figure of all requests, in the order of the rates."""
    found = []
    for stage in sorted(stages, key=lambda each: each.rate_rps):
        figure = next((each for each in stage.figures if each.name == name), None)
        if stage.route or figure is None or figure.measured <= 0:
            continue
        difference = figure.modelled / figure.measured - 1
        if abs(difference) > FAR and abs(figure.modelled - figure.measured) > _CHANCE * figure.standard_error:
            found.append(FarFigure(name, stage.rate_rps, difference))
    return found


def disagreements(stages: Sequence[StageFit]) -> Iterator[str]:
    """Yield a sentence for each figure that is far from the measurement at some load."""
    for name, title in TITLES.items():
        far = sorted(far_figures(stages, name), key=lambda each: -abs(each.difference))
        if not far:
            continue
        shown = ", ".join(each.text for each in far[:_LOADS_MAX])
        more = f" and {len(far) - _LOADS_MAX} more" if len(far) > _LOADS_MAX else ""
        yield (
            f"The {title} of the model differs from the measured one by more than chance: {shown}{more}. The model"
            " lacks something that the application does there."
        )


def near(stages: Sequence[StageFit], name: FigureName, rate_rps: float) -> FarFigure | None:
    """Return the larger difference of a figure at the stages next to a rate, below and above; None if it is not far."""
    rates = sorted({stage.rate_rps for stage in stages})
    beside = {max((each for each in rates if each <= rate_rps), default=None)}
    beside.add(min((each for each in rates if each >= rate_rps), default=None))
    far = [each for each in far_figures(stages, name) if each.rate_rps in beside]
    return max(far, key=lambda each: abs(each.difference), default=None)
