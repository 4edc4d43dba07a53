"""A plot for each platform: the published and the simulated curves, and every error in units of its tolerance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simulator.lab.extras import needed
from simulator.lab.validate.case import Curve, Finding, Subject
from simulator.lab.validate.validate import CaseResult

# Okabe and Ito's palette, which colour-blind readers can distinguish.
PUBLISHED_COLOUR: Final = "#D55E00"
SIMULATED_COLOUR: Final = "#0072B2"
_COLUMNS: Final = 2
_PANEL_SIZE: Final = (5.2, 3.4)  # inches
# Errors beyond the tolerance are drawn at this many tolerances at most, so that one miss does not hide the others.
_CLIPPED: Final = 1.5


def file_name(subject: Subject) -> str:
    """Return the name of the subject's plot, such as `ecs.svg`."""
    return f"{subject}.svg"


def draw(results: Sequence[CaseResult], paths: Mapping[Subject, Path]) -> None:
    """Write an SVG for each subject of `paths`. The same results give the same bytes.

    Raises:
        MissingLibrary: if matplotlib is not installed.
    """
    matplotlib: Any = needed("matplotlib")
    with matplotlib.rc_context({"svg.hashsalt": "validation", "font.size": 9}):
        for subject, path in paths.items():
            own = [result for result in results if result.case.subject is subject]
            figure = _figure(subject, own)
            figure.savefig(path, format="svg", metadata={"Date": None})


def error_in_tolerances(finding: Finding) -> float:
    """Return the error divided by the tolerance, limited to +-1.5; an exact figure that misses is at the limit."""
    if not finding.error:
        return 0.0
    if not finding.tolerance:
        return math.copysign(_CLIPPED, finding.error)
    return max(-_CLIPPED, min(_CLIPPED, finding.error / finding.tolerance))


def _figure(subject: Subject, results: Sequence[CaseResult]) -> Any:
    curves = [curve for result in results for curve in result.curves]
    panels = len(curves) + 1
    rows = math.ceil(panels / _COLUMNS)
    columns = min(panels, _COLUMNS)
    figure_type: Any = needed("matplotlib.figure").Figure
    figure = figure_type(figsize=(_PANEL_SIZE[0] * columns, _PANEL_SIZE[1] * rows), layout="constrained")
    figure.suptitle(subject.platform_name)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for panel, curve in zip(axes, curves, strict=False):
        _draw_curve(panel, curve)
    _draw_errors(axes[len(curves)], results)
    for unused in axes[panels:]:
        unused.set_visible(False)
    return figure


def _draw_curve(panel: Any, curve: Curve) -> None:
    panel.set_title(curve.title)
    style = {"drawstyle": "steps-post"} if curve.steps else {"marker": "o", "markersize": 3}
    for name, points, colour in (
        ("published", curve.published, PUBLISHED_COLOUR),
        ("simulated", curve.simulated, SIMULATED_COLOUR),
    ):
        panel.plot([x for x, _ in points], [y for _, y in points], color=colour, label=name, linewidth=1.2, **style)
    panel.set_xlabel(curve.x_label)
    panel.set_ylabel(curve.y_label)
    highest = max((y for points in (curve.published, curve.simulated) for _, y in points), default=0.0)
    panel.set_ylim(0, highest * 1.06 or 1)  # room for the marker of the highest point
    panel.legend(framealpha=0.8, edgecolor="none")
    panel.grid(alpha=0.25)


def _draw_errors(panel: Any, results: Sequence[CaseResult]) -> None:
    panel.set_title("Errors, in units of the tolerance")
    panel.axvspan(-1, 1, color="#009E73", alpha=0.12, linewidth=0)
    panel.axvline(0, color="black", linewidth=0.6)
    for place, result in enumerate(results):
        values = [error_in_tolerances(finding) for finding in result.findings]
        panel.plot(values, [place] * len(values), "o", color=SIMULATED_COLOUR, markersize=4, alpha=0.7)
    panel.set_yticks(range(len(results)), [result.case.number for result in results])
    panel.invert_yaxis()
    panel.set_ylabel("case")
    panel.set_xlim(-1.1 * _CLIPPED, 1.1 * _CLIPPED)
