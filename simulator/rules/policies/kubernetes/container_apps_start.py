"""The start of a replica of Azure Container Apps, as stages (facts validation-2 V3: five starts from zero, April 2026).

The stages are differences of the time stamps in the published event log and response bodies. A stage ranges from its
smallest to its largest observation. The pull (2.2 to 3.9 s for 50 MB) is no stage: it depends on the image
(`simulated.image`).

Four of the five starts took a long start of the container and had a gap: the application was up, but the ingress
delivered the waiting request 12 to 16 s later. One start had neither.
ASSUMPTION: long starts and the gap belong together, each start is of the long kind with probability 4/5, and only the
first replica of an app at zero has the gap, and only if a request waits. A few dozen starts from zero, some of them by
a rule instead of a request, settle all three.
"""

from __future__ import annotations

from typing import Final

from simulator.rules.start_stages import StartLaw, StartPath, StartStage

# From the request to the event AssigningReplica: 1.06, 0.72, 1.25, 1.43, 1.25 s.
_DECISION: Final = StartStage("decision", 0.7, 1.4)
# From AssigningReplica to PulledImage, without the pull's own time: 11.9, 11.7, 11.3, 9.8, 10.2 s.
_PLACEMENT: Final = StartStage("placement", 9.8, 11.9)
# From PulledImage to ContainerStarted: 12.1, 12.1, 12.1, 12.0 s; 4.7 s in the start without a gap, 3.9 s in a
# deployment.
_SHORT: Final = StartStage("container start", 3.9, 4.7)
LONG: Final = StartStage("container start", 12.0, 12.1)
# From the start of the application to the answer: 1.8 s without a gap, including half a second of probing on average.
REGISTRATION: Final = StartStage("registration", 1.3, 1.3)
# The same with a gap: 12.3, 15.3, 15.4, 15.7 s, with as much probing.
_GAP: Final = StartStage("registration", 11.8, 15.2)

START_LAW: Final = StartLaw(
    (
        StartPath(0.2, (_DECISION, _PLACEMENT, _SHORT), REGISTRATION, from_zero=REGISTRATION),
        StartPath(0.8, (_DECISION, _PLACEMENT, LONG), REGISTRATION, from_zero=_GAP),
    )
)
