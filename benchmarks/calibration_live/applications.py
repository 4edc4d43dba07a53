"""The applications of the experiment: their folders, the routes of their load, and what they are meant to show."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from simulator.model.sizes import InstanceSize

APPS: Final = Path(__file__).parent / "apps"
KB: Final = 1024


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of request. `weight`: its share of the load, relative to the others."""

    path: str
    weight: float = 1.0
    method: str = "GET"
    request_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Application:
    """A real application. `mechanism`: what of the model should describe it."""

    name: str
    mechanism: str
    routes: tuple[Route, ...]
    size: InstanceSize = field(default_factory=InstanceSize)

    @property
    def folder(self) -> Path:
        return APPS / self.name

    @property
    def command(self) -> str:
        """The start command of its apprunner.yaml."""
        return str(self._configuration["run"]["command"])

    @property
    def arguments(self) -> list[str]:
        """The start command as words; programs such as gunicorn are those beside this interpreter."""
        program, *rest = shlex.split(self.command)
        installed = Path(sys.executable).parent / program
        return [str(installed) if installed.exists() else program, *rest]

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
            size=InstanceSize(512, 1024),
        ),
        Application("thread_pool", "workers: 4", (Route("/picture"),)),
        Application("pooled_database", "downstream with pool: 3", (Route("/orders/7", 3), Route("/about"))),
        Application("slow_start", "start_up, parallelism: 1, workers: 6", (Route("/classify"),)),
        Application("memory_heavy", "memory for each request, workers: 8", (Route("/report"),)),
        Application("background_work", "background, parallelism: 1", (Route("/today"),)),
        Application("node", "cpu_order: first_come, parallelism: 1", (Route("/search", 2), Route("/suggest"))),
        Application(
            "upload",
            "cpu for each route, as cpu_per_mb",
            (
                Route("/documents", 3, method="POST", request_bytes=64 * KB),
                Route("/photos", 1, method="POST", request_bytes=256 * KB),
            ),
        ),
        Application("streaming", "io, cpu_order: first_come, parallelism: 1", (Route("/transcript"),)),
        Application("lock", "downstream with pool: 1", (Route("/reserve", 2, method="POST"), Route("/stock"))),
    )
}
