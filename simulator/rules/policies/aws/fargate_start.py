"""The start of a task on Fargate as stages: placement, and the pull of its image (facts, ECS Express 5; policies 5).

Every task runs on a machine of its own without cached layers, so the time of the pull is proportional to the image's
size (ECS guide, fargate-pull-behavior: read). The start of the application follows, then the first health check of the
load balancer, if one is in front (rules/load_balancer/settings.py).
"""

from __future__ import annotations

from typing import Final

from simulator.rules.policies import readiness
from simulator.rules.policies.port import Actuator
from simulator.rules.policies.ranges import check_above, check_within
from simulator.rules.start_stages import StartLaw, StartPath, StartStage

_MB: Final = 1024**2

# The task's machine and its network interface. The range of the facts, from AWS's benchmark: 23 s from the decision to
# the provisioned task (validation-2 V1), which includes the pull of an image of unknown size.
PLACEMENT: Final = StartStage("placement", 18.0, 25.0)

# ASSUMPTION: the compressed image of a service has 100 MB: a small framework on a slim base image. `imageSizeInBytes`
# of `ecr describe-images` settles it.
IMAGE_BYTES: Final = 100 * _MB

# ASSUMPTION: layers are downloaded and unpacked at 12 MB/s of compressed bytes, the slow end of the facts' range of 12
# to 25 MB/s: it is the rate of gzip layers in ten starts of a 413 MB image (validation-2 V17). With zstd a start takes
# up to 27 % less (AWS), which is about 21 MB/s for that image. `pullStartedAt` and `pullStoppedAt` of describe-tasks
# settle it.
PULL_BYTES_PER_SECOND: Final = 12 * _MB


def fargate_start(image_bytes: float, pull_bytes_per_second: float) -> StartLaw:
    """Return the start of a task with an image of that compressed size; 0 bytes: without a pull."""
    pull_s = image_bytes / pull_bytes_per_second
    return StartLaw((StartPath(1.0, (PLACEMENT, StartStage("pull", pull_s, pull_s))),))


def fargate_actuator(start_lag_s: float | None, image_bytes: float, pull_bytes_per_second: float) -> Actuator:
    """Return the actuator of a service on Fargate. `start_lag_s`: a constant in place of the stages; None: these."""
    if start_lag_s is not None:
        return Actuator(start_lag_s=start_lag_s, startup_probe_s=readiness.AT_ONCE_S)
    law = fargate_start(image_bytes, pull_bytes_per_second)
    return Actuator(start_lag_s=law.launch_s, startup_probe_s=readiness.AT_ONCE_S, start_law=law)


def check_start(start_lag_s: float | None, image_bytes: float, pull_bytes_per_second: float) -> None:
    """Check the parameters of a start.

    Raises:
        ValueError: if a number is out of range.
    """
    if start_lag_s is not None:
        check_within("start_lag_s", start_lag_s, 0, 3600)
    check_within("image_bytes", image_bytes, 0, 1024**4)
    check_above("pull_bytes_per_second", pull_bytes_per_second, 0)
