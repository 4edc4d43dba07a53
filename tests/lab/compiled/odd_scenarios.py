"""Unusual scenarios for the differential test of both backends: defaults, zeros, extremes, every shape, every overflow.

    python -m tests.lab.compiled.odd_scenarios SEEDS [FOLDER] [--calls]

plays the scenarios of SEEDS (`48,7`, or `0:500` without its end) in both backends, row by row, and exits with 1 if any
of them differ. Differences are printed and, with FOLDER, the scenarios are kept there as files. Odd seeds are played
with small buffers. With --calls, requests call downstream resources.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from simulator.lab.compiled.compiled_backend import why_not
from simulator.replay.runner import BrokenRun
from simulator.report.schema import Report
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.world.random_streams import RandomStreams
from tests.lab.compiled.backend_scenarios import account
from tests.lab.small_buffers import small_buffers

SIZES: Final = (
    ("0.25 vCPU", "0.5 GB"),
    ("0.5 vCPU", "1 GB"),
    ("1 vCPU", "2 GB"),
    ("2 vCPU", "4 GB"),
    ("4 vCPU", "12 GB"),
)
POLICIES: Final = (
    "app-runner", "knative", "fixed", "scale-per-request", "hpa", "keda", "keda-http", "target-tracking",
    "step-scaling", "ecs-express", "cloud-run", "lambda", "lambda-provisioned", "lambda-managed", "container-apps",
    "heroku", "fly", "scheduled", "predictive-hpa", "holt-winters", "aws-predictive", "mpc", "oracle",
)  # fmt: skip
TO_ZERO: Final = frozenset(
    {"knative", "keda", "keda-http", "lambda", "cloud-run", "container-apps", "fly", "scale-per-request", "scheduled"}
)
LAWS: Final = (
    0, 0, "1ms", "10ms", "100ms", "1s", "7s", "200s",
    {"exponential": "50ms"}, {"exponential": 0}, {"lognormal": {"median": "60ms", "p95": "900ms"}},
    {"lognormal": {"mean": "60ms", "sd": 0}}, {"gamma": {"mean": "100ms", "sd": "400ms"}},
    {"weibull": {"shape": 0.4, "scale": "80ms"}}, {"hyperexponential": {"mean": "120ms", "cv2": 30}},
    {"hyperexponential": {"mean": "120ms", "cv2": 1}}, {"uniform": {"low": "1s", "high": "1s"}},
    {"empirical": [0, "1s", "100ms"]},
)  # fmt: skip
OVERFLOWS: Final = (
    "reject",
    {"mode": "queue", "wait": 0, "queue": 1},
    {"mode": "queue", "wait": "1s", "queue": 1},
    {"mode": "queue", "wait": "7s"},
    {"mode": "queue", "wait": "100s", "queue": 100_000},
)
BINS, TRACE = "odd-bins.csv", "odd-trace.csv"


class Dice:
    """The random choices of a seed."""

    def __init__(self, seed: int, purpose: str = "odd") -> None:
        self._rng = RandomStreams(seed).stream(purpose)

    def choice(self, options: Sequence[Any]) -> Any:
        return options[int(self._rng.integers(len(options)))]

    def random(self) -> float:
        return float(self._rng.random())


def write_recordings(folder: Path) -> None:
    """Write the data files that the scenarios name."""
    (folder / BINS).write_text("count\n" + "\n".join(map(str, (5, 0, 0, 30, 1, 12))) + "\n", encoding="utf-8")
    times = (0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 3.25, 7.0, 10.0, 10.0, 19.999999, 24.0)
    (folder / TRACE).write_text("time\n" + "\n".join(map(str, times)) + "\n", encoding="utf-8")


def _some(dice: Dice, share: float, value: Any) -> Any:
    """Return `value` with that probability, else nothing: the key is omitted and has its default."""
    return value if dice.random() < share else None


def _told(keys: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if value is not None}


def _shape(r: Dice, duration_s: int) -> dict[str, Any]:
    top = r.choice([0, 0.02, 0.5, 3, 20, 100])
    low, high = f"{top / 10}/s", f"{top}/s"
    spacing = r.choice([None, "clock", "poisson"])
    span = r.choice(["10s", "10s", "1ms", "7s"])
    nothing = r.choice([0, 0, "1s"])
    match r.choice(["clock", "poisson", "steps", "ramp", "spike", "sine", "bins", "trace"]):
        case "clock":
            shape: dict[str, Any] = {"clock": {"rate": high}}
        case "poisson":
            shape = {"poisson": {"rate": high}}
        case "steps":
            levels = [
                {"rate": high, "for": span},
                {"rate": 0, "for": r.choice(["1ms", span])},
                {"rate": low, "for": span},
            ]
            shape = {"steps": _told({"spacing": spacing, "levels": levels})}
        case "ramp":
            ends = {"start": r.choice([0, high]), "end": r.choice([0, high])}
            shape = {"ramp": _told({**ends, "over": span, "spacing": spacing})}
        case "spike":
            rise = {"at": r.choice([0, span]), "rise": _some(r, 0.7, nothing), "for": r.choice(["1ms", span])}
            fall = {"fall": _some(r, 0.7, nothing), "spacing": spacing}
            shape = {"spike": _told({"base": r.choice([0, low]), "peak": high, **rise, **fall})}
        case "sine":
            turn = {"period": r.choice(["100ms", "7s", "10s"]), "peak_at": nothing}
            shape = {"sine": _told({"low": 0, "high": high, "spacing": spacing, **turn})}
        case "bins":
            shape = {
                "bins": _told(
                    {"file": BINS, "bin": r.choice(["1s", "4s"]), "arrivals": r.choice(["poisson", "smooth"])}
                )
            }
        case _:
            shape = {"trace": {"file": TRACE, "format": "seconds"}}
    return shape | _told(
        {
            "from": _some(r, 0.3, r.choice(_moments(duration_s))),
            "until": _some(r, 0.3, r.choice([f"{duration_s}s", "11s", "20s", "1h"])),
            "scale": _some(r, 0.3, r.choice([0.5, 1.5, 3])),
            "time_scale": _some(r, 0.2, r.choice([0.5, 2])),
        }
    )


def _event(r: Dice, duration_s: int) -> dict[str, Any]:
    events: Sequence[dict[str, Any]] = (
        {"kill_instance": {"which": r.choice(["oldest", "newest"]), "count": r.choice([1, 3, 50])}},
        {"zone_loss": {"zone": r.choice(["a", "b"]), "for": r.choice(["1ms", "7s"])}},
        {"recycle": {"at_a_time": r.choice([1, 2, 50]), "count": r.choice([1, 3])}},
        {"update_auto_scaling": {"max_concurrency": r.choice([1, 2, 200])}},
        {"update_auto_scaling": {"max_size": r.choice([1, 25]), "min_size": 1}},
        {"slow_starts": {"extra": r.choice(["1s", "60s"]), "for": r.choice(["1ms", "30s"])}},
        {"fail_health_checks": {"which": r.choice(["all", "oldest", "newest"]), "for": r.choice(["1s", "60s"])}},
        {"rate": {"factor": r.choice([0, 0.1, 4]), "for": r.choice(["1ms", "7s"])}},
    )
    event: dict[str, Any] = r.choice(events)
    return {"at": r.choice(_moments(duration_s)), **event}


def _moments(duration_s: int) -> list[str]:
    """Return times within the run, including its start."""
    return [f"{at_s}s" for at_s in (0, 0.5, 1, 5, 10, 10, 20, 24) if at_s < duration_s]


def _policy(r: Dice) -> tuple[str, Any]:
    name = r.choice(POLICIES)
    if name == "scheduled":
        entries = [{"at": 0, "instances": r.choice([0, 1, 3])}, {"at": "10s", "instances": r.choice([1, 5])}]
        return name, {"name": name, "schedule": entries}
    if name == "app-runner" and r.random() < 0.7:
        quick = {
            "window": r.choice(["1s", "5s"]),
            "start_lag": r.choice([0, "2s"]),
            "scale_in_delay": r.choice([0, "5s"]),
        }
        return name, {"name": name, **quick}
    return name, name


TIMES: Final = (
    0, 0, "1ms", "20ms", "100ms", "3s", {"exponential": "30ms"}, {"lognormal": {"median": "20ms", "p95": "1s"}},
    {"empirical": [0, "100ms"]},
)  # fmt: skip


def _resource(r: Dice) -> dict[str, Any]:
    """A downstream resource and the use of it."""
    on_full = r.choice(["error", "queue", "wait"])
    pool = r.choice([None, None, 1, 3, 20, 500])
    given = {
        "connections": r.choice([1, 2, 5, 40, 1_000_000]),
        "service": r.choice(TIMES),
        "connect": r.choice(TIMES),
        "on_full": on_full,
        "wait": r.choice(["1ms", "100ms", "1s", "7s"]) if on_full == "wait" else None,
        "queue": r.choice([None, 0, 1, 50]) if on_full != "error" else None,
        "contention": _some(r, 0.4, r.choice([0, "1 %", 2])),
        "coherency": _some(r, 0.4, r.choice([0, "0.1 %", 1])),
        "server_idle_timeout": _some(r, 0.3, r.choice(["1ms", "1s", "10s", "8h"])),
        "pool": pool,
        "min_idle": r.choice([0, 1, pool]) if pool is not None else None,
        "idle_timeout": _some(r, 0.5, r.choice(["1ms", "100ms", "1s", "10 min"])) if pool is not None else None,
        "max_lifetime": _some(r, 0.5, r.choice(["1ms", "500ms", "5s", "30 min"])) if pool is not None else None,
        "timeout": _some(r, 0.5, r.choice(["1ms", "50ms", "100ms", "1s", "30s"])),
        "retries": _some(r, 0.5, r.choice([0, 1, 3, 100])),
        "backoff": _some(r, 0.5, r.choice([0, "1ms", "100ms", "1s"])),
        "share": _some(r, 0.3, r.choice([0, "1 %", "50 %", 1])),
        "only_paths": _some(r, 0.2, r.choice([["/"], ["/a"], ["/b", "/a"]])),
        "calls": _some(r, 0.4, r.choice([1, 2, 10])),
    }
    return _told(given)


def _cost(r: Dice) -> dict[str, Any]:
    """The cost of a path, where it differs from that of the application."""
    times = {key: _some(r, 0.6, r.choice(LAWS)) for key in ("cpu", "io")}
    return _told(times | {key: _some(r, 0.3, r.choice([0, "1ms", "2s"])) for key in ("cpu_per_mb", "io_per_mb")})


def _size(r: Dice) -> dict[str, Any]:
    return _told({key: _some(r, 0.4, r.choice([0, "1 B", "3 MB"])) for key in ("request_size", "response_size")})


def _add_memory(seed: int, service: dict[str, Any]) -> None:
    r = Dice(seed, "memory")
    simulated = service["application"]["simulated"]
    if simulated.get("workers"):
        simulated |= _told({"backlog": _some(r, 0.5, r.choice([0, 1, 3, 1000]))})
    if r.random() < 0.3:
        least = float(service["memory"].removesuffix(" GB"))
        given = {"at_rest": _some(r, 0.7, r.choice([0, "50 MB"])), "request": r.choice([0, "1 MB", f"{least / 5} GB"])}
        simulated["memory"] = _told(given)
    if r.random() < 0.2:
        simulated["failures"] = _told(
            {"crash_at_start": _some(r, 0.5, r.choice([0, 0.3])), "ignores_sigterm": _some(r, 0.5, True)}
        )


def _add_kinds(seed: int, data: dict[str, Any]) -> None:
    r = Dice(seed, "kinds")
    if r.random() < 0.4:
        for source in data["traffic"]:
            if r.random() < 0.8:
                kinds = (
                    {"path": "/a"},
                    {"path": "/b?x=1", "weight": 2},
                    {"path": "/"},
                    {"path": "/c", "weight": 0.001},
                )
                source["requests"] = [kind | _size(r) for kind in kinds[: r.choice([1, 2, 4])]]
        sent = {kind["path"] for source in data["traffic"] for kind in source.get("requests", [{"path": "/"}])}
        data["services"]["site"]["application"]["simulated"] |= _told(
            {
                "paths": {path.partition("?")[0]: _cost(r) for path in sorted(sent) if r.random() < 0.7},
                "cpu_per_mb": _some(r, 0.4, r.choice([0, "1ms", "2s"])),
                "io_per_mb": _some(r, 0.4, r.choice([0, "1ms", "2s"])),
            }
        )
        if r.random() < 0.4:
            data["checks"] = [f"p95{{path:{path}}} < 1s" for path in sorted(sent)]


def made(seed: int, *, calls: bool = False) -> dict[str, Any]:
    """Return the data of a scenario file, the same for the same seed. `calls`: with downstream resources."""
    data = _plain(seed)
    r = Dice(seed, "quota")
    if r.random() < 0.3:
        given = {
            "period": _some(r, 0.4, r.choice(["1ms", "10ms", "3s"])),
            "cores": _some(r, 0.7, r.choice([1, 2, 3, 64])),
            "shared_core_speed": _some(r, 0.5, r.choice(["0.1 %", "65 %", 1])),
        }
        data["services"]["site"]["application"]["simulated"]["cpu_quota"] = _told(given)
    r = Dice(seed, "use")
    if r.random() < 0.4:
        use = {
            "cpu_order": _some(r, 0.6, "first_come"),
            "parallelism": _some(r, 0.5, r.choice([1, 2, 5, 1024])),
            "contention": _some(r, 0.4, r.choice([0, "1 %", 3])),
            "coherency": _some(r, 0.4, r.choice([0, "0.1 %", 2])),
        }
        data["services"]["site"]["application"]["simulated"] |= _told(use)
    r = Dice(seed, "visits")
    if r.random() < 0.3:
        data["services"]["site"]["application"]["simulated"]["cpu_visits"] = r.choice([2, 3, 10])
    _add_memory(seed, data["services"]["site"])
    _add_kinds(seed, data)
    if calls:
        r = Dice(seed, "calls")
        names = ("orders-db", "cache", "api")[: r.choice([1, 1, 2, 3])]
        data["services"]["site"]["application"]["downstream"] = {name: _resource(r) for name in names}
        for source in data["traffic"]:
            if r.random() < 0.4:
                source["requests"] = [{"path": "/a"}, {"path": "/b?x=1", "weight": 2}, {"path": "/"}]
    return data


def _plain(seed: int) -> dict[str, Any]:
    r = Dice(seed)
    duration_s = r.choice([1, 24, 60, 61])
    vcpu, memory = r.choice(SIZES)
    name, policy = _policy(r)
    least = r.choice([1, 1, 1, 2, 5, 25])
    most = max(least, r.choice([1, 2, 7, 25]))
    if name in TO_ZERO and r.random() < 0.5:
        least = 0
    simulated = _told(
        {
            "start_up": _some(r, 0.8, r.choice(LAWS)),
            "cpu": _some(r, 0.6, r.choice(LAWS)),
            "io": _some(r, 0.8, r.choice(LAWS)),
            "failure_share": _some(r, 0.4, r.choice([0, 0.01, 1])),
            "workers": _some(r, 0.4, r.choice([1, 2, 7, 1000])),
        }
    )
    service = _told(
        {
            "cpu": vcpu,
            "memory": memory,
            "min_size": least,
            "max_size": most,
            "policy": policy,
            "max_concurrency": _some(r, 0.9, r.choice([1, 1, 2, 3, 80, 200])),
            "balancing": _some(
                r, 0.8, r.choice(["least-outstanding", "round-robin", "two-choices", "random", "newest-first"])
            ),
            "overflow": _some(r, 0.8, r.choice(OVERFLOWS)),
            "request_timeout": _some(r, 0.7, r.choice(["120s", "1ms", "100ms", "1s", "7s"])),
            "drain_timeout": _some(r, 0.6, r.choice([0, "1ms", "1s", "120s"])),
            "stop_grace": _some(r, 0.3, r.choice([0, "30s"])),
            "wake": _some(r, 0.6, r.choice([0, "1ms", "1s", "100ms", {"exponential": "2s"}])),
            "idle_after": _some(r, 0.7, r.choice([0, "1ms", "1s", "60s", "1h"])),
            "startup_probe": _some(r, 0.3, r.choice([0, "50ms", "1s", "5s"])),
            "initial_size": _some(r, 0.3, r.choice([0, least, most])),
            "health_check": _some(
                r,
                0.7,
                {
                    "protocol": r.choice(["TCP", "HTTP"]),
                    "interval": r.choice(["1s", "5s", "20s"]),
                    "timeout": r.choice(["1s", "20s"]),
                    "healthy_threshold": r.choice([1, 20]),
                    "unhealthy_threshold": r.choice([1, 5, 20]),
                },
            ),
            "application": {"simulated": simulated},
        }
    )
    return {
        "version": 1,
        "name": f"odd-{seed}",
        "seed": r.choice([0, 1, 2**31, seed]),
        "duration": f"{duration_s}s",
        "zones": 2,
        "warm_up": r.choice([0, "500ms"]),
        "services": {"site": service},
        "traffic": [_shape(r, duration_s) for _ in range(r.choice([1, 1, 2, 3]))],
        "timeline": [_event(r, duration_s) for _ in range(r.choice([0, 1, 3, 6]))],
    }


def scenario_of(seed: int, folder: Path, *, calls: bool = False) -> ScenarioSpec | str:
    """Return the scenario, or why there is none: some contradict themselves, and some only one backend can play."""
    try:
        scenario = read_scenario(json.dumps(made(seed, calls=calls)), file="odd.yaml", folder=folder)
        scenario.require("virtual")
    except ScenarioError as error:
        return f"no scenario: {' '.join(str(error).split())[:120]}"
    return why_not(scenario) or scenario


def difference(scenario: ScenarioSpec) -> tuple[str, int]:
    """Return (where both backends differ, or empty; requests played). A run that fails must fail in both."""
    one, other = _outcome(scenario, fast=False), _outcome(scenario, fast=True)
    if isinstance(one, str) or isinstance(other, str):
        return "" if one == other else f"event loop {_short(one)}, compiled {_short(other)}", 0
    (virtual, virtual_rows), (fast, fast_rows) = one, other
    for row, fast_row in zip(virtual_rows, fast_rows, strict=False):
        if row != fast_row:
            return f"event loop {row}, compiled {fast_row}", len(virtual_rows)
    if len(virtual_rows) != len(fast_rows):
        return f"{len(virtual_rows)} rows by the event loop, {len(fast_rows)} compiled", len(virtual_rows)
    return "" if virtual == fast else "the reports differ", len(virtual_rows)


def _outcome(scenario: ScenarioSpec, *, fast: bool) -> tuple[Report, list[str]] | str:
    try:
        return account(scenario, fast=fast)
    except BrokenRun as error:
        return f"broken run ({error.expected}): {error}"


def _short(outcome: tuple[Report, list[str]] | str) -> str:
    return outcome if isinstance(outcome, str) else f"{len(outcome[1])} rows"


def play_all(seeds: Iterable[int], keep: Path | None = None, *, calls: bool = False) -> tuple[Counter[str], list[int]]:
    """Return how many agreed, how many were omitted and why, and the number of requests; and the seeds that differ."""
    told: Counter[str] = Counter()
    bad: list[int] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_recordings(folder)
        for seed in seeds:
            scenario = scenario_of(seed, folder, calls=calls)
            if isinstance(scenario, str):
                told["left out: " + scenario] += 1
                continue
            with small_buffers() if seed % 2 else nullcontext():
                where, rows = difference(scenario)
            told["requests"] += rows
            told["agree" if not where else "differ"] += 1
            if where:
                bad.append(seed)
                sys.stdout.write(f"seed {seed}: {where}\n")
                if keep is not None:
                    (keep / f"odd-{seed}.json").write_text(json.dumps(made(seed, calls=calls)), encoding="utf-8")
    return told, bad


def main(seeds: str, keep: Path | None, *, calls: bool) -> int:
    first, _, end = seeds.partition(":")
    chosen = range(int(first), int(end)) if end else map(int, seeds.split(","))
    told, bad = play_all(chosen, keep, calls=calls)
    for what, number in told.most_common():
        sys.stdout.write(f"{number:8,} {what}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != "--calls"]
    sys.exit(main(given[0], Path(given[1]) if len(given) > 1 else None, calls="--calls" in sys.argv))
