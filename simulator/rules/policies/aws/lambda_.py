"""AWS Lambda on demand: a new environment for every request without one, within the account's rate limit (policies 3.5,
P8).

An instance is an environment; on Lambda its MaxConcurrency is 1. A function gets at most 1,000 new environments in
10 s, "best-effort continuous refill" (read): a bucket of 1,000 tokens, refilled by 100/s. MaxSize is the function's
share of the account's concurrency. A request waits for its environment during a cold start, so the service needs
overflow `queue`: with `reject` no request is ever queued and no environment is ever started. A request for which no
environment may be started, because of the rate or of MaxSize, gets 429 at once (read; that it is not billed is memory).

A cold start has two parts. Placing the environment and fetching its package precede the launch and are not billed; the
initialisation of the runtime follows, is billed, and has the measured law of `runtime` and `package` (lambda_init.py).
Without `runtime` the application's `start_up` is the whole cold start.

An environment takes at most 10 requests per second, so functions shorter than 100 ms need rate / 10 environments, more
than their concurrency (policies 5). Requests above the account's rate (10 x its concurrency) are not rejected here.

Removal, as recorded over 28 hours with one function in 2020 (pacslab/serverless-performance-modeling, experiments with
even numbers; the odd ones judge it in case 18): an idle environment that was the only one ended between 626 and 633 s
after its last response, none earlier by idling; beside others some idled for more than 1,000 s, and 900 s give the
recorded numbers of cold starts; no environment lived longer than 7,400 s, used or not; and one in ten hours of life
ended before either, for reasons of the platform. The published counts are reproduced only if requests go to the newest
idle environment. A constant expiry without a limit of age: `idle_expiry_beside: null, idle_expiry_spread: 0, age_limit:
null, recycled: null`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.aws.lambda_init import Architecture, Package, Runtime, init_law
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.metric import EPSILON
from simulator.rules.policies.port import Actuator, AgeLimit, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_choice, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.start_stages import StartLaw, StartPath, StartStage

# The recording: an environment of 7,318 s still served, one of 7,093 s had ended.
AGE_LIMIT_SPREAD: Final = 0.03


@dataclass(frozen=True, slots=True)
class LambdaParameters:
    """Parameters of the policy. Times are in seconds, tokens in environments.

    `start_lag_s`: the time from the decision to the placement of an environment.

    Raises:
        ValueError: if a number is out of range, or if the runtime has not been measured.
    """

    burst: int = 1000  # lambda/latest/dg/scaling-behavior.html (read)
    refill_rps: float = 100.0  # the same page: 1,000 every 10 s, refilled continuously
    environment_rps: float = 10.0  # maximum requests/s of one environment (lambda/latest/dg/lambda-concurrency; read)
    idle_expiry_s: float = 630.0  # the recording; policies 3.5: about ten minutes
    # Beside another environment: fitted to the cold starts of the busy experiments 8 and 10. None: as if it were alone.
    # ASSUMPTION: what matters is that another environment is there at the time of the expiry, busy or not. A list of
    # `REPORT` lines of a function with two environments settles it.
    idle_expiry_beside_s: float | None = 900.0
    # ASSUMPTION: environments of every function expire within 1 % of the same time, as in the recording's quiet
    # experiments. A list of `REPORT` lines with the instance and its idle time settles it.
    idle_expiry_spread: float = 0.01
    # ASSUMPTION: an environment ends two hours after its start, as in 2020, by at most 3 % earlier or later. Ages of a
    # busy function's environments settle it; None: never.
    age_limit_s: float | None = 7200.0
    recycled_s: float | None = 36_000.0  # the recording: 7 ends in 249,545 s of idling; None: never
    # The language of the function; its hello-world initialisation precedes the application's own start-up.
    runtime: Runtime | None = None
    package: Package = "zip"  # images start slower, with a heavier tail (validation-2 V16: measured)
    architecture: Architecture = "x86_64"
    init_day_sd: float | None = None  # relative; None: as measured, 6 % with zip and 7 % with image
    # ASSUMPTION: an environment is placed, and a small package fetched, in 0.15 s; only with `runtime`. Of 458 recorded
    # cold starts of 2020 (pacslab/serverless-performance-modeling) the fastest quarter had up to 0.24 s more than warm
    # requests, of which about 0.1 s is the runtime's initialisation. The client's latency minus the log's `Init
    # Duration` settles it.
    placement_s: float = 0.15
    start_lag_s: float = 0.0

    def __post_init__(self) -> None:
        check_within("burst", self.burst, 1, 1e6)
        check_above("refill_rps", self.refill_rps, 0)
        check_above("environment_rps", self.environment_rps, 0)
        check_above("idle_expiry_s", self.idle_expiry_s, 0)
        check_within("idle_expiry_spread", self.idle_expiry_spread, 0, 1)
        for name in ("age_limit_s", "recycled_s", "idle_expiry_beside_s"):
            if (limit_s := getattr(self, name)) is not None:
                check_above(name, limit_s, 0)
        if self.runtime is not None:
            check_choice("runtime", self.runtime, get_args(Runtime))
            check_choice("package", self.package, get_args(Package))
            check_choice("architecture", self.architecture, get_args(Architecture))
        if self.init_day_sd is not None:
            check_within("init_day_sd", self.init_day_sd, 0, 1)
        check_within("placement_s", self.placement_s, 0, 60)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def start_law(self) -> StartLaw | None:
        """The start of an environment; None without a runtime."""
        if self.runtime is None:
            return None
        lag_s = self.start_lag_s + self.placement_s
        path = StartPath(1.0, (StartStage("placement", lag_s, lag_s),))
        return StartLaw((path,), init_law(self.runtime, self.package, self.architecture, self.init_day_sd))

    @property
    def idle_expiry_factor(self) -> float:
        """How much longer an idle environment is kept beside another one."""
        return 1.0 if self.idle_expiry_beside_s is None else self.idle_expiry_beside_s / self.idle_expiry_s

    @property
    def age_limit(self) -> AgeLimit | None:
        """How long an environment is kept at most; None without a limit."""
        if self.age_limit_s is None and self.recycled_s is None:
            return None
        longest_s = math.inf if self.age_limit_s is None else self.age_limit_s
        return AgeLimit(longest_s * (1 - AGE_LIMIT_SPREAD), longest_s * (1 + AGE_LIMIT_SPREAD), self.recycled_s)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements((Trigger(Signal.QUEUED),), slowest_s=self.idle_expiry_s)


class LambdaPolicy:
    """Only adds instances, within its tokens; `actuator.idle_expiry_s` removes them."""

    name = "lambda"
    tick_s = 1.0  # requests trigger decisions; the tick uses the tokens refilled in the meantime
    reacts_to_queue = True

    def __init__(
        self,
        parameters: LambdaParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        law = parameters.start_law
        self.actuator = Actuator(
            start_lag_s=parameters.start_lag_s if law is None else law.mean_s,
            startup_probe_s=readiness.AT_ONCE_S,
            idle_expiry_s=parameters.idle_expiry_s,
            idle_expiry_spread=parameters.idle_expiry_spread,
            idle_expiry_factor=parameters.idle_expiry_factor,
            age_limit=parameters.age_limit,
            start_law=law,
        )
        self._burst = parameters.burst
        self._refill_rps = parameters.refill_rps
        self._environment_rps = parameters.environment_rps
        self._rate_rps = 0.0  # in the last second
        self._tokens = float(parameters.burst)
        self._filled_s = 0.0

    def observe(self, sample: Sample) -> None:
        """Record the request rate; the policy uses no other past value except its tokens."""
        self._rate_rps = float(sample.arrivals)

    def decide(self, observation: Observation) -> Decision:
        scaling = observation.scaling
        self._refill(observation.now_s)
        there = observation.ready + observation.coming
        short = max(0, observation.waiting - observation.coming * scaling.max_concurrency)
        missing = -(-short // scaling.max_concurrency)
        by_rate = math.ceil(self._rate_rps / (self._environment_rps * scaling.max_concurrency) - EPSILON)
        rate_binds = by_rate - there > missing
        missing = max(missing, by_rate - there)
        clamps: tuple[str, ...] = ()
        started = missing
        if started > self._tokens:
            started = int(self._tokens)
            clamps = (f"start rate: {started}",)
        desired, clamps = bounded(there + started, scaling, clamps)
        spent = min(started, max(0, desired - there))
        self._tokens -= spent
        # Environments that start, and those that may still be started for requests to come.
        expected = max(0, desired - observation.ready) + max(0, min(int(self._tokens), scaling.max_size - desired))
        if rate_binds:
            reason = f"{self._rate_rps:g} requests/s are more than {there} environments may take"
        elif missing:
            reason = f"{short} requests wait without a free or starting slot"
        else:
            reason = "every request has a slot or one that is starting"
        return Decision(
            desired=desired,
            formula=f"{observation.ready} ready + {observation.coming} coming + {missing} missing = {there + missing}",
            reason=reason,
            inputs=(
                ("ready", observation.ready),
                ("coming", observation.coming),
                ("waiting", observation.waiting),
                ("tokens", self._tokens),
                ("rate_rps", self._rate_rps),
            ),
            clamps=clamps,
            queue_max=expected * scaling.max_concurrency,
        )

    def _refill(self, now_s: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now_s - self._filled_s) * self._refill_rps)
        self._filled_s = now_s
