"""The movable assumptions about Kubernetes, KEDA, Knative and Azure Container Apps."""

from __future__ import annotations

from typing import Final

from simulator.lab.assumptions.assumption import FromService, MovableAssumption, Place
from simulator.lab.assumptions.conditions import with_metric, with_policy
from simulator.lab.assumptions.other_policies import queue_of, start_lag_of

_FOLDER: Final = "rules/policies/kubernetes"
_HPA: Final = f"{_FOLDER}/hpa.py"
_KEDA: Final = f"{_FOLDER}/keda.py"
_CONTAINER_APPS: Final = f"{_FOLDER}/container_apps.py"
_READINESS: Final = "rules/policies/readiness.py"
_POD_STARTS: Final = "Kubernetes needs a second to schedule a pod and start its container."
_POD_RANGE: Final = "the image is on the node at best; at worst a small one is pulled, without a new node"


def _of_max_concurrency(share: float) -> FromService:
    return lambda service: share * service.max_concurrency


def _target(policy: str, file: str, begins: str) -> MovableAssumption:
    """Return the assumption about the target of an autoscaler by concurrency."""
    return MovableAssumption(
        ("policy", "target"),
        "The target of requests in flight is 70 % of MaxConcurrency.",
        (Place(file, begins),),
        default=_of_max_concurrency(0.7),
        low=_of_max_concurrency(0.5),
        high=_of_max_concurrency(0.9),
        why="there is no default; below a half an instance is never used, above nine tenths there is no reserve",
        applies=with_metric(policy, "concurrency"),
    )


def _pod(policy: str, begins: str) -> MovableAssumption:
    """Return the assumption about the start lag of a pod under `policy`."""
    file = f"{_FOLDER}/{policy.replace('-', '_')}.py"
    return start_lag_of(policy, Place(file, begins), (1.0, 0.5, 10.0), sentence=_POD_STARTS, why=_POD_RANGE)


KUBERNETES: Final = (
    _target("hpa", _HPA, "a concurrency metric is user-defined"),
    MovableAssumption(
        ("policy", "metric_late_s"),
        "The HPA uses a point that ended 15 s ago.",
        (Place(_HPA, "scrape and sync are not"),),
        default=15.0,
        low=0.0,
        high=30.0,
        why="a point that ends with the sync, to one that ended two periods before it",
        applies=with_policy("hpa"),
    ),
    _pod("hpa", "a node has free capacity and the image; Kubernetes"),
    _target("keda", _KEDA, "a trigger has no default target"),
    MovableAssumption(
        ("policy", "metric_window_s"),
        "KEDA's query averages over a minute.",
        (Place(_KEDA, "the query is user-defined"),),
        default=60.0,
        low=30.0,
        high=300.0,
        why="windows of published queries for Prometheus",
        applies=with_policy("keda"),
    ),
    _pod("keda", "a node has free capacity and the image; Kubernetes"),
    _pod("keda-http", "a node has free capacity and the image; Kubernetes"),
    _pod("knative", "Kubernetes schedules a pod"),
    _pod("predictive-hpa", "a node has free capacity and the image, as for"),
    MovableAssumption(
        ("startup_probe_s",),
        "The kubelet checks a starting pod every second.",
        (Place(_READINESS, "the kubelet probes in whole seconds"),),
        default=1.0,
        low=1.0,
        high=10.0,
        why="10 s is the default period of a readiness probe",
        applies=with_policy("hpa", "keda", "keda-http", "predictive-hpa"),
    ),
    MovableAssumption(
        ("policy", "tolerance"),
        "Container Apps does not scale while the load is within 10 % of the target, as an HPA.",
        (Place(_CONTAINER_APPS, "an HPA decides, so its tolerance"),),
        default=0.1,
        low=0.0,
        high=0.1,
        why="0: every deviation counts",
        applies=with_policy("container-apps"),
    ),
    start_lag_of(
        "container-apps",
        Place(f"{_FOLDER}/container_apps_start.py", "long starts and the gap belong together"),
        (22.4, 16.2, 37.4),
        sentence="Four of five starts of Container Apps are long, and those from zero have a gap at the ingress. "
        "A moved value replaces the stages of the start.",
        why="every start is a short one without a gap (16.2 s), or a long one with it (37.4 s)",
    ),
    MovableAssumption(
        ("startup_probe_s",),
        "Container Apps checks a starting replica every second.",
        (Place(_READINESS, "the default start-up probe of Azure"),),
        default=1.0,
        low=1.0,
        high=10.0,
        why="10 s is the default period of the readiness probe",
        applies=with_policy("container-apps"),
    ),
    queue_of(
        "container-apps",
        "The ingress of Container Apps queues a request for 60 s while a replica starts.",
        Place("rules/platforms/container_apps.py", "its ingress queues"),
        30.0,
        240.0,
        "240 s is the time-out of the ingress",
    ),
    queue_of(
        "keda-http",
        "The interceptor of KEDA's HTTP add-on queues a request for 20 s.",
        Place("rules/platforms/behaviour.py", "for 20 s, its KEDA_CONDITION"),
        10.0,
        60.0,
        "half and three times the remembered default",
    ),
    queue_of(
        "knative",
        "Knative's activator queues a request for 60 s.",
        Place("rules/platforms/knative.py", "for 60 s; a revision"),
        30.0,
        300.0,
        "300 s is a revision's time-out",
    ),
)
