"""How long nothing came, in words: a reason tells what was measured, and "not yet" where nothing was."""

from __future__ import annotations

import math


def since_text(what: str, idle_s: float) -> str:
    """`no request for 75s`; `no request yet` when there never was one (infinite)."""
    return f"no {what} yet" if math.isinf(idle_s) else f"no {what} for {idle_s:.3g}s"
