"""The movable assumptions about platforms of other providers, and about policies that no provider has."""

from __future__ import annotations

from typing import Final

from simulator.lab.assumptions.assumption import MovableAssumption, Place
from simulator.lab.assumptions.conditions import with_policy
from simulator.rules.platforms.behaviour import behaviour_of
from simulator.scenario.sections.service_spec import ServiceSpec

_POLICIES: Final = "rules/policies"
_FLY: Final = f"{_POLICIES}/fly.py"
_HEROKU: Final = f"{_POLICIES}/heroku.py"
_CLOUD_RUN: Final = f"{_POLICIES}/cloud_run.py"


def _platform_wait_s(service: ServiceSpec) -> float:
    """Return how long the platform of the service's policy queues a request."""
    behaviour = behaviour_of(service.policy.name)
    assert behaviour is not None, "applies only to policies of a platform"
    return behaviour.overflow.wait_s


def queue_of(policy: str, sentence: str, place: Place, low: float, high: float, why: str) -> MovableAssumption:
    """Return the assumption about how long the platform of `policy` queues a request."""
    of_policy = with_policy(policy)
    return MovableAssumption(
        ("overflow", "wait_s"),
        sentence,
        (place,),
        default=_platform_wait_s,
        low=low,
        high=high,
        why=why,
        applies=lambda service: of_policy(service) and service.waiting.mode == "queue",
        brought=True,
    )


def start_lag_of(
    policy: str, place: Place, seconds: tuple[float, float, float], *, sentence: str, why: str
) -> MovableAssumption:
    """Return the assumption about the start lag of the platform of `policy`: default, low and high in `seconds`."""
    default, low, high = seconds
    return MovableAssumption(
        ("policy", "start_lag_s"),
        sentence,
        (place,),
        default=default,
        low=low,
        high=high,
        why=why,
        applies=with_policy(policy),
    )


OTHER_POLICIES: Final = (
    start_lag_of(
        "cloud-run",
        Place(_CLOUD_RUN, "a sandbox is placed"),
        (0.1, 0.04, 1.0),
        sentence="Cloud Run needs 0.1 s to place a sandbox and read the image.",
        why="the shortest measured starts to a large image that is read at its start",
    ),
    MovableAssumption(
        ("policy", "idle_spread"),
        "Cloud Run removes idle instances evenly over the quarter of an hour for which it may keep them.",
        (Place(_CLOUD_RUN, "it is not published when idle"),),
        default=1.0,
        low=0.0,
        high=1.0,
        why="0 keeps all of them until the end",
        applies=with_policy("cloud-run"),
    ),
    MovableAssumption(
        ("policy", "above"),
        "Fly starts a machine when each running one is above its soft limit.",
        (Place(_FLY, '"if all the running Machines'),),
        default="each",
        low="each",
        high="sum",
        why="or when the whole load is above the sum of the soft limits",
        applies=with_policy("fly"),
    ),
    MovableAssumption(
        ("policy", "stop_every_s"),
        "Fly considers stopping a machine every five minutes.",
        (Place(_FLY, '"every few minutes" means'),),
        default=300.0,
        low=120.0,
        high=600.0,
        why='"every few minutes"',
        applies=with_policy("fly"),
    ),
    start_lag_of(
        "fly",
        Place(_FLY, "a stopped machine boots"),
        (0.3, 0.2, 2.0),
        sentence="A stopped machine of Fly boots in 300 ms.",
        why='"about 300 ms", or seconds for a large root file system',
    ),
    queue_of(
        "fly",
        "A request that finds every machine of Fly at its hard limit waits for a minute.",
        Place("rules/platforms/fly.py", "after a minute"),
        15.0,
        240.0,
        "a quarter and four times as long; the proxy's limit is not published",
    ),
    MovableAssumption(
        ("policy", "desired_p95_s"),
        "Heroku's autoscaler aims at a p95 of half a second.",
        (Place(_HEROKU, "Heroku has no default"),),
        default=0.5,
        low=0.25,
        high=1.0,
        why="half and twice the usual goal",
        applies=with_policy("heroku"),
    ),
    MovableAssumption(
        ("policy", "down_every_s"),
        "Heroku removes a dyno at most every five minutes.",
        (Place(_HEROKU, '"slower" means five minutes'),),
        default=300.0,
        low=120.0,
        high=600.0,
        why='"slower" than one minute',
        applies=with_policy("heroku"),
    ),
    start_lag_of(
        "heroku",
        Place(_HEROKU, "placing a dyno and fetching"),
        (10.0, 5.0, 30.0),
        sentence="Heroku places a dyno and fetches its slug in 10 s.",
        why="a small slug to one of the largest allowed size",
    ),
    MovableAssumption(
        ("policy", "level_gain"),
        "Holt-Winters smooths the level with a gain of 0.2.",
        (Place(f"{_POLICIES}/holt_winters.py", "typical textbook gains"),),
        default=0.2,
        low=0.1,
        high=0.4,
        why="half and twice the textbooks' value",
        applies=with_policy("holt-winters"),
    ),
    start_lag_of(
        "holt-winters",
        Place(f"{_POLICIES}/holt_winters.py", "a start "),
        (30.0, 15.0, 60.0),
        sentence="The forecast reaches half a minute ahead, and an instance starts in that time.",
        why="half and twice App Runner's start lag",
    ),
    MovableAssumption(
        ("policy", "shortage_cost"),
        "The optimiser weighs a missing instance ten times as much as an idle one.",
        (Place(f"{_POLICIES}/mpc.py", "a missing instance costs ten times"),),
        default=10.0,
        low=5.0,
        high=20.0,
        why="half and twice the weight",
        applies=with_policy("mpc"),
    ),
    start_lag_of(
        "mpc",
        Place(f"{_POLICIES}/mpc.py", "a start "),
        (30.0, 15.0, 60.0),
        sentence="The optimiser expects an instance half a minute after it is requested, and it starts in that time.",
        why="half and twice App Runner's start lag",
    ),
)
