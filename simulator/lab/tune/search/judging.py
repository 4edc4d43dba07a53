"""Judges a setting on days that it was not chosen on, with a stated confidence.

The claim: the SLO holds on at least a share q of days like those that judge. A setting that holds it on fewer passes n
days without a failure with a probability below q ** n. Since several settings may be judged until one passes, the error
that is allowed in all is divided: half of it for the first, a quarter for the second, and so on, so n grows. A setting
that fails on one of these days is never chosen.
"""

from __future__ import annotations

import math


def judging_days(attempt: int, share: float, confidence: float) -> int:
    """Return the number of days without a failure that the setting judged as number `attempt` (from 0) needs."""
    allowed = (1 - confidence) / 2 ** (attempt + 1)
    return math.ceil(math.log(allowed) / math.log(share))


def proven_share(days: int, attempt: int, confidence: float) -> float:
    """Return the share of days that `days` days without a failure prove."""
    allowed = (1 - confidence) / 2 ** (attempt + 1)
    return allowed ** (1 / days) if days else 0.0
