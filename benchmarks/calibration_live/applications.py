"""The applications of the experiment: their folders, the routes of their load, and what they are meant to show."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

APPS: Final = Path(__file__).parent / "apps"
KB: Final = 1024


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of request. `weight`: its share of the load, relative to the others."""

    path: str
    weight: float = 1.0
    method: str = "GET"
    request_bytes: int = 0

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Application:
    """A real application. `mechanism`: what of the model should describe it."""

    name: str
    mechanism: str
    routes: tuple[Route, ...]
    vcpu: str = "1 vCPU"
    memory: str = "2 GB"

    @property
    def folder(self) -> Path:
        return APPS / self.name

    @property
    def command(self) -> str:
        """The start command of its apprunner.yaml."""
        return str(self._configuration["run"]["command"])

    @property
    def arguments(self) -> list[str]:
        return shlex.split(self.command)

    @property
    def _configuration(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load((self.folder / "apprunner.yaml").read_text(encoding="utf-8"))
        return loaded


APPLICATIONS: Final = {
    application.name: application
    for application in (
        Application("sync_workers", "workers: 4", (Route("/price/7", 3), Route("/list"))),
        Application("async_io", "cpu_order: first_come, parallelism: 1", (Route("/profile/7", 2), Route("/feed"))),
        Application(
            "cpu_bound",
            "parallelism: 1",
            (Route("/small", 6), Route("/medium", 3), Route("/large")),
            vcpu="0.5 vCPU",
            memory="1 GB",
        ),
        Application("thread_pool", "workers: 4", (Route("/picture"),)),
        Application("pooled_database", "downstream with pool: 3", (Route("/orders/7", 3), Route("/about"))),
        Application("slow_start", "start_up, parallelism: 1, workers: 6", (Route("/classify"),)),
        Application("memory_heavy", "memory for each request, workers: 8", (Route("/report"),)),
        Application("background_work", "background, parallelism: 1", (Route("/today"),)),
        Application("node", "cpu_order: first_come, parallelism: 1", (Route("/search", 2), Route("/suggest"))),
        Application(
            "upload",
            "cpu_per_mb",
            (
                Route("/files", 3, method="POST", request_bytes=64 * KB),
                Route("/files?kind=large", 1, method="POST", request_bytes=256 * KB),
            ),
        ),
        Application("streaming", "io, cpu_order: first_come, parallelism: 1", (Route("/transcript"),)),
        Application("lock", "downstream with pool: 1", (Route("/reserve", 2, method="POST"), Route("/stock"))),
    )
}
