"""Intervals at which platforms probe a starting instance: the values of an actuator's `startup_probe_s`.

App Runner's health check interval applies only to App Runner; policies of other platforms do not inherit it.
"""

from __future__ import annotations

from typing import Final

# ASSUMPTION: it is unknown when App Runner first probes a new instance, and whether it probes more often than the
# interval of its health check before the first success (facts 19.3). Here it probes every second until the first
# success, so start-up times have no steps of 5 s; no public log shows such steps. Timestamps of the probes in an access
# log settle it.
APP_RUNNER_S: Final = 1.0
# ASSUMPTION: the kubelet probes in whole seconds; services that scale by load usually have a readiness probe every
# second (the default period is 10 s, and without a probe a pod is ready before it listens). The pod's spec settles it.
KUBELET_S: Final = 1.0
# Knative's queue-proxy probes the container every 50 ms until the first success (policies 5, Knative: read).
QUEUE_PROXY_S: Final = 0.05
# ASSUMPTION: the default start-up probe of Azure Container Apps is a TCP connection every second (memory); system log
# events of a replica settle it.
CONTAINER_APPS_S: Final = 1.0
# The instance reports that it is ready, or the platform waits for its port: Lambda's runtime requests its first event
# after its initialisation; the proxies of Cloud Run, Fly.io and Heroku connect and wait. On ECS a task
# serves as soon as it listens, or after the first check of the load balancer in front.
AT_ONCE_S: Final = 0.0
