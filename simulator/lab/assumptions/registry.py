"""All assumptions that `--assumptions` can move.

A test compares them, and those of unmoved.py, with the `ASSUMPTION:` comments of the code.
"""

from __future__ import annotations

from typing import Final

from simulator.lab.assumptions.app_runner import APP_RUNNER
from simulator.lab.assumptions.assumption import MovableAssumption
from simulator.lab.assumptions.aws_policies import AWS_POLICIES
from simulator.lab.assumptions.kubernetes import KUBERNETES
from simulator.lab.assumptions.other_policies import OTHER_POLICIES

MOVABLE: Final[tuple[MovableAssumption, ...]] = (*APP_RUNNER, *AWS_POLICIES, *OTHER_POLICIES, *KUBERNETES)
