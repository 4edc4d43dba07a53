"""Monthly bills that a user of two platforms published (facts validation-2 V21), recomputed from the price lists.

1 vCPU and 2 GB in Asia, a month of 30 days: a service that is active for two hours a day, and one that is always
active. The article's bill of Cloud Run for 24 hours a day has another rate than its other rows and is not compared.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from simulator.lab.validate.case import Case, Evidence, Finding, Subject, relative
from simulator.model.sizes import InstanceSize
from simulator.rules.platforms.billing import Consumption, consumed_bill
from simulator.rules.platforms.presets import PLATFORMS
from simulator.rules.pricing import InstanceUsage, bill, metered
from simulator.rules.region_prices import rates_of

CLOUD_RUN_PRICES: Final = PLATFORMS["cloud-run"].billings["request-based"]
SOURCE: Final = "dev.to/siddhantkcode, App Runner and Cloud Run"
SIZE: Final = InstanceSize(1024, 2048)
DAYS: Final = 30
_HOUR_S: Final = 3600.0
_DAY_S: Final = 24 * _HOUR_S


def usage(hours_a_day: float) -> InstanceUsage:
    """Return the usage of an instance that is provisioned all month and active for some hours each day."""
    activations = [(day * _DAY_S, day * _DAY_S + hours_a_day * _HOUR_S) for day in range(DAYS)]
    return InstanceUsage(DAYS * _DAY_S, activations, SIZE)


def app_runner_usd(hours_a_day: float) -> float:
    """Return the bill of App Runner in Tokyo."""
    return bill(metered([usage(hours_a_day)]), rates_of("ap-northeast-1")).usd


def cloud_run_usd(hours_a_day: float) -> float:
    """Return the bill of Cloud Run with request-based billing, after the free tier."""
    active = usage(hours_a_day)
    consumption = Consumption([active], SIZE, max_size=1, requests=0, run_s=DAYS * _DAY_S)
    billed = consumed_bill(consumption, CLOUD_RUN_PRICES)
    free = {"vCPU": CLOUD_RUN_PRICES.free.vcpu_s / _HOUR_S, "memory": CLOUD_RUN_PRICES.free.gb_s / _HOUR_S}
    return sum(max(0.0, line.quantity - free.get(line.item, 0.0)) * line.rate_usd for line in billed.lines)


def app_runner() -> list[Finding]:
    """Return the findings of case V21 for App Runner: within 0.5 %."""
    return [
        relative("USD a month, 2 h a day", 17.82, app_runner_usd(2), 0.005),
        relative("USD a month, 24 h a day", 71.28, app_runner_usd(24), 0.005),
    ]


def cloud_run() -> list[Finding]:
    """Return the findings of case V21 for Cloud Run: within 0.5 %."""
    return [relative("USD a month, 2 h a day", 1.04, cloud_run_usd(2), 0.005)]


def cases() -> list[Case]:
    case = partial(Case, source=SOURCE, evidence=Evidence.PRICES, dated="undated")
    return [
        case(
            "V21, App Runner",
            "Monthly bills",
            run=app_runner,
            subject=Subject.APP_RUNNER,
            set_up="1 vCPU and 2 GB in Tokyo, provisioned for 30 days and active for 2 or 24 hours of each.",
        ),
        case(
            "V21, Cloud Run",
            "Monthly bill",
            run=cloud_run,
            subject=Subject.CLOUD_RUN,
            set_up="1 vCPU and 2 GB by request for 2 hours of each of 30 days, after the free tier.",
        ),
    ]
