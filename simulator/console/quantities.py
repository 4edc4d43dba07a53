"""Numbers formatted for a terminal: few digits, with their unit. The JSON report has the exact ones."""

from __future__ import annotations

from simulator.model.text.units import duration_text

NOTHING = "-"


def latency_text(seconds: float | None) -> str:
    """Format with three digits and a unit: `85.2 ms`, `1.25 s`, `3m05s`; `-` for None."""
    if seconds is None:
        return NOTHING
    if seconds == 0:
        return "0 ms"
    if seconds < 0.9995e-3:
        return f"{seconds * 1e6:.3g} us"
    # Compare after rounding to three digits, or 999.9 ms would become 1e+03 ms.
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 99.95 else duration_text(seconds)


def rate_text(rate_rps: float | None) -> str:
    """Format a rate: `1,240/s`, `12.5/s`."""
    if rate_rps is None:
        return NOTHING
    return f"{rate_rps:,.0f}/s" if rate_rps >= 100 else f"{rate_rps:.3g}/s"


def ratio_text(ratio: float | None) -> str:
    """Format a percentage with enough digits to distinguish a small value from zero: `12.3 %`, `0.0041 %`, `0 %`."""
    if ratio is None:
        return NOTHING
    return "100 %" if ratio == 1 else f"{ratio * 100:.3g} %"


def usd_text(usd: float | None) -> str:
    """Format with cents from one dollar on, below it with three digits: `$1,234.50`, `$0.000123`."""
    if usd is None:
        return NOTHING
    if usd >= 1:
        return f"${usd:,.2f}"
    return f"${usd:.3g}" if usd >= 1e-4 or usd == 0 else f"${usd:.2e}"


def count_text(count: float) -> str:
    """Format a count: `12,345`; a mean keeps three digits."""
    return f"{count:,.0f}" if count == round(count) else f"{count:,.3g}"


def measured_text(value: float | None, unit: str) -> str:
    """Format the value of a check in its unit: s, ratio, count, rps or usd."""
    if value is None:
        return NOTHING
    match unit:
        case "s":
            return latency_text(value)
        case "ratio":
            return ratio_text(value)
        case "rps":
            return rate_text(value)
        case "usd":
            return usd_text(value)
        case _:
            return count_text(value)
