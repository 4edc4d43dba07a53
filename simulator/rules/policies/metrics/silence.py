"""Text about the time since the last event, used in the reasons of decisions."""

from __future__ import annotations

import math


def since_text(what: str, idle_s: float) -> str:
    """Return a text such as `no request for 75 s`, or `no request yet` if `idle_s` is infinite."""
    return f"no {what} yet" if math.isinf(idle_s) else f"no {what} for {idle_s:.3g} s"
