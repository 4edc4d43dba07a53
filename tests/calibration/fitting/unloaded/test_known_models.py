"""Whatever the service, requests that were sent one at a time agree with its laws, and determine them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings

from simulator.calibration.fitting.unloaded.block import UnloadedBlock
from simulator.calibration.fitting.unloaded.laws import unloaded_laws
from simulator.calibration.fitting.unloaded.samples import unloaded_samples
from simulator.rules.stations.cpu_quota import CpuQuota
from tests.calibration.fitting.known_models import KnownModel, known_models
from tests.calibration.fitting.known_services import observed

QUOTA = CpuQuota(0.1, 2)


@pytest.mark.slow  # the kernel is compiled on first use
@pytest.mark.timeout(2400)
@settings(max_examples=40, deadline=None)
@given(known_models())
def test_unloaded_requests_determine_the_laws_of_any_service(known: KnownModel) -> None:
    model = known.model
    observation = observed(
        model,
        1,
        weights=known.weights,
        size=known.size,
        quota=QUOTA,
        fractions=(),
        failure_share=known.failure_share,
        unloaded_s=60.0,
    )
    samples = unloaded_samples([observation])
    assert samples is not None
    block = UnloadedBlock(samples)
    squares = float((block.residuals(model) ** 2).sum())
    assert squares < block.size + 6 * math.sqrt(2 * block.size)
    for route, laws in enumerate(unloaded_laws(samples)):
        rest = [model.io[route], *([model.call] if model.call is not None else [])]
        for found, parts in ((laws.cpu[0].law, [model.cpu[route]]), (laws.io[0].law, rest)):
            mean_s = sum(law.mean_s for law in parts)
            error = math.hypot(*(law.sd_s for law in parts)) / mean_s / math.sqrt(len(samples.routes[route].cpu_s))
            assert abs(math.log(found.mean_s / mean_s)) < 6 * error
