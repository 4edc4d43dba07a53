"""The ten spaces: a service with its traffic, an SLO, and at least 2,000 settings of three to five knobs."""

from __future__ import annotations

from typing import Final, NamedTuple


class KnownSpace(NamedTuple):
    """A space that is solved by enumeration. `service` and `traffic` are parts of a scenario file in short YAML."""

    name: str
    duration: str
    service: str
    traffic: str
    slo: str
    vary: tuple[str, ...]
    minimise: str = "usd"

    @property
    def text(self) -> str:
        """The scenario file."""
        return (
            f"version: 1\nname: {self.name}\nseed: 1\nduration: {self.duration}\nwarm_up: 10s\n"
            f"services: {{web: {self.service}}}\ntraffic: [{self.traffic}]\n"
        )


_FAST: Final = "policy: {name: app-runner, window: 10s, start_lag: 15s, scale_in_delay: 20s}"
_APPLICATION: Final = "application: {simulated: {start_up: 3s, cpu: {gamma: {mean: 10ms, sd: 8ms}}, io: 80ms}}"

SPACES: Final = (
    KnownSpace(
        "spike",
        "3 min",
        f"{{{_FAST}, {_APPLICATION}}}",
        "{spike: {base: 20/s, peak: 160/s, at: 60s, rise: 5s, for: 40s}}",
        "p95 < 180 ms, error_rate < 1 %",
        ("max_concurrency=2..60..2", "min_size=1..12", "max_size=12,16,20", "size=1 vCPU/2 GB,2 vCPU/4 GB"),
    ),
    KnownSpace(
        "steady",
        "2 min",
        f"{{{_FAST}, application: {{simulated: {{cpu: {{exponential: 25ms}}, io: {{exponential: 60ms}}}}}}}}",
        "{poisson: {rate: 60/s}}",
        "p95 < 300 ms, error_rate < 0.5 %",
        ("max_concurrency=1..40", "min_size=1..10", "size=0.5 vCPU/1 GB,1 vCPU/2 GB,2 vCPU/4 GB", "max_size=10,14"),
    ),
    KnownSpace(
        "waves",
        "4 min",
        f"{{{_FAST}, {_APPLICATION}}}",
        "{sine: {low: 10/s, high: 180/s, period: 80s}}",
        "p95 < 160 ms, error_rate < 0.5 %",
        (
            "max_concurrency=2..50..2",
            "min_size=1..10",
            "max_size=10..18..4",
            "size=1 vCPU/2 GB,2 vCPU/4 GB,1 vCPU/4 GB",
        ),
    ),
    KnownSpace(
        "bursts",
        "4 min",
        f"{{{_FAST}, {_APPLICATION}}}",
        "{mmpp: {states: [{rate: 20/s, stay: 30s}, {rate: 150/s, stay: 15s}]}}",
        "p95 < 170 ms, error_rate < 2 %",
        ("max_concurrency=2..60..2", "min_size=1..12", "max_size=12..20..2", "size=1 vCPU/2 GB,2 vCPU/4 GB"),
    ),
    KnownSpace(
        "knative",
        "3 min",
        f"{{policy: knative, min_size: 1, {_APPLICATION}}}",
        "{steps: {levels: [{for: 60s, rate: 20/s}, {for: 60s, rate: 90/s}, {for: 60s, rate: 40/s}]}}",
        "p95 < 200 ms, error_rate < 1 %",
        (
            "max_concurrency=2..42..2",
            "min_size=1..8",
            "policy.target_utilisation=50 %,60 %,70 %,80 %,90 %",
            "policy.stable_window=20s,40s,60s",
        ),
    ),
    KnownSpace(
        "queue",
        "3 min",
        f"{{{_FAST}, overflow: {{mode: queue, wait: 2s}}, {_APPLICATION}}}",
        "{spike: {base: 30/s, peak: 150/s, at: 60s, rise: 10s, for: 40s}}",
        "p99 < 400 ms, error_rate < 0.5 %",
        ("max_concurrency=2..40..2", "min_size=1..12", "overflow.wait=500ms,1s,2s,4s", "max_size=12,16,20"),
    ),
    KnownSpace(
        "policies",
        "3 min",
        f"{{{_FAST}, min_size: 1, overflow: {{mode: queue, wait: 3s}}, {_APPLICATION}}}",
        "{spike: {base: 20/s, peak: 130/s, at: 60s, rise: 10s, for: 60s}}",
        "p95 < 300 ms, error_rate < 1 %",
        (
            "policy=app-runner,knative,hpa,keda-http,cloud-run",
            "max_concurrency=2..42..2",
            "min_size=1..10",
            "max_size=12,18",
        ),
    ),
    KnownSpace(
        "per-million",
        "3 min",
        f"{{{_FAST}, application: {{simulated: {{cpu: 6ms, io: {{lognormal: {{mean: 150ms, sd: 100ms}}}}}}}}}}",
        "{ramp: {start: 10/s, end: 150/s, over: 60s}}",
        "p95 < 450 ms, error_rate < 1 %",
        ("max_concurrency=4..80..2", "min_size=1..9", "max_size=9..15..3", "size=0.5 vCPU/1 GB,1 vCPU/2 GB"),
        "usd_per_million",
    ),
    KnownSpace(
        "two-sources",
        "3 min",
        f"{{{_FAST}, {_APPLICATION}}}",
        "{poisson: {rate: 30/s}}, {spike: {base: 1/s, peak: 120/s, at: 90s, rise: 2s, for: 15s}}",
        "p95 < 170 ms, error_rate < 2 %",
        ("max_concurrency=2..60..2", "min_size=1..14", "max_size=14,20", "size=1 vCPU/2 GB,1 vCPU/3 GB,2 vCPU/4 GB"),
    ),
    KnownSpace(
        "parameters",
        "3 min",
        f"{{{_FAST}, max_size: 16, {_APPLICATION}}}",
        "{steps: {levels: [{for: 60s, rate: 25/s}, {for: 60s, rate: 150/s}, {for: 60s, rate: 25/s}]}}",
        "p95 < 170 ms, error_rate < 2 %",
        (
            "max_concurrency=2..40..2",
            "min_size=1..10",
            "policy.target_utilisation=50 %,60 %,70 %,80 %",
            "policy.scale_in_delay=10s,30s,60s",
        ),
    ),
)
