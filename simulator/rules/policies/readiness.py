"""How often a platform looks whether a starting instance is ready: what `startup_probe_s` of an actuator is, and why.

App Runner's health check interval is App Runner's alone; a policy of another platform does not inherit it.
"""

from __future__ import annotations

from typing import Final

# ASSUMPTION: when App Runner looks at a new instance first, and whether it tries faster before the first success than
# the interval of its health check, is unknown (facts 19.3). Each second until the first success: start-up times then
# have no steps of 5 s, which no public log shows. Timestamps of the probes in an access log settle it.
APP_RUNNER_S: Final = 1.0
# ASSUMPTION: the kubelet probes in whole seconds; a readiness probe of every second is what people who scale on load
# write (the default period is 10 s, and without a probe a pod is ready before it listens). The pod's spec settles it.
KUBELET_S: Final = 1.0
# Knative's queue-proxy probes the container every 50 ms until the first success (policies 5, Knative: read).
QUEUE_PROXY_S: Final = 0.05
# ASSUMPTION: the default start-up probe of Azure Container Apps is a TCP connection each second (memory); system log
# events of a replica settle it.
CONTAINER_APPS_S: Final = 1.0
# The platform is told, or waits for the port: Lambda's runtime asks for its first event when it has initialised;
# the proxies of Cloud Run, Fly.io and Heroku connect and wait. On ECS the lag of a task contains the load balancer's
# first check already (alarms.py).
AT_ONCE_S: Final = 0.0
