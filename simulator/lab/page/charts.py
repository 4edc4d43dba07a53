"""Charts as SVG elements for a page that is light or dark as its reader prefers.

The same data give the same bytes: the SVG contains no dates, and its identifiers are fixed.
"""

from __future__ import annotations

import io
from typing import Any, Final

from simulator.lab.extras import needed

# Okabe and Ito's palette, with a darker yellow because text uses the colours too.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#9A8F00")
INK: Final = "0.25"
# matplotlib's line and background colours are replaced by CSS variables of the page.
PAGE_COLOURS: Final = (
    ("#404040", "currentColor"),
    ("#000000", "currentColor"),
    ("#ffffff", "var(--paper, #ffffff)"),
    ("#d1d1d1", "#80808059"),
)
_SETTINGS: Final = {
    "svg.hashsalt": "comparison",
    "svg.fonttype": "none",  # the page's own font, and a tenth of the bytes
    "font.size": 9,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}


def chart_style() -> Any:
    """Return the context in which a chart is drawn.

    Raises:
        MissingLibrary: if matplotlib is not installed.
    """
    return needed("matplotlib").rc_context(_SETTINGS)


def chart_figure(width: float, height: float) -> Any:
    """Return a figure of this size in inches."""
    return needed("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")


def chart_svg(figure: Any) -> str:
    """Return the figure as an `<svg>` element, without the XML declaration, which must not appear within a page."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    for ink, of_the_page in PAGE_COLOURS:
        text = text.replace(ink, of_the_page)
    return text


def plain_numbers(axis: Any) -> None:
    """Label a logarithmic axis with plain numbers: each decade, and its 2 and 5."""
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(_minor_text)


def _minor_text(value: float, _place: int | None = None) -> str:
    """Return the label of a minor tick; only 2 and 5, to avoid overlaps."""
    return f"{value:g}" if f"{value:.0e}"[0] in "25" else ""
