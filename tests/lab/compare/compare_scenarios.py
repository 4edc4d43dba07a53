"""Small scenarios for the tests of the laboratory, as files."""

from __future__ import annotations

from pathlib import Path

STEP = """
name: step
seed: 3
duration: 60s
warm_up: 5s
services:
  web:
    max_concurrency: 4
    min_size: 1
    max_size: 6
    overflow: reject
    policy: {name: app-runner, window: 4s, start_lag: 2s, scale_in_delay: 5s, idle_after: 10s}
    idle_after: 10s
    health_check: {interval: 1s, timeout: 1s}
    application: {simulated: {io: {exponential: 200ms}, start_up: 500ms}}
traffic:
  - steps: {levels: [{for: 15s, rate: 8/s}, {for: 25s, rate: 40/s}, {for: 20s, rate: 8/s}]}
"""
CLOSED = """
name: closed
duration: 20s
services:
  web: {application: {simulated: {io: 100ms}}}
traffic:
  - closed: {users: 3, think_time: 100ms}
"""
TWO = """
name: two
duration: 20s
services:
  a: {application: {simulated: {io: 100ms}}}
  b: {application: {simulated: {io: 100ms}}}
traffic:
  - {service: a, clock: {rate: 5/s}}
  - {service: b, clock: {rate: 10/s}}
"""


def step(folder: Path) -> Path:
    return _written(folder, "step.yaml", STEP)


def closed(folder: Path) -> Path:
    return _written(folder, "closed.yaml", CLOSED)


def two(folder: Path) -> Path:
    return _written(folder, "two.yaml", TWO)


def _written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
