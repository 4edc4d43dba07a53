"""Manifests for Knative and for Kubernetes' HPA: what differs from the defaults of the policy's parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import yaml

from simulator.lab.apply.instructions import ApplyText, ApplyTool, comment
from simulator.lab.apply.service_change import ServiceChange, scaling_of
from simulator.rules.policies.kubernetes.hpa import HpaParameters
from simulator.rules.policies.kubernetes.hpa_behaviour import RateLimit
from simulator.rules.policies.kubernetes.knative import KnativeParameters

_CPU_TARGET: Final = 0.8  # of an HPA without a target


def knative_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the Knative service: annotations of its revision, and the settings of the whole cluster if they differ."""
    parameters = change.after.policy.parameters
    if not isinstance(parameters, KnativeParameters):
        return
    scaling = scaling_of(change.after)
    annotations = {"min-scale": scaling.min_size, "max-scale": scaling.max_size, **dict(_annotations(parameters))}
    template = {
        "metadata": {
            "annotations": {f"autoscaling.knative.dev/{key}": str(value) for key, value in annotations.items()}
        },
        "spec": {"containerConcurrency": scaling.max_concurrency, "containers": [{"resources": _resources(change)}]},
    }
    service = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": change.name},
        "spec": {"template": template},
    }
    cluster = dict(_cluster_settings(parameters))
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "config-autoscaler", "namespace": "knative-serving"},
        "data": cluster,
    }
    yield _manifest(change, [service, config] if cluster else [service])


def _annotations(parameters: KnativeParameters) -> Iterator[tuple[str, object]]:
    """Yield the annotations of parameters that differ from their defaults (knative.dev/docs/serving/autoscaling)."""
    default = KnativeParameters()
    values = {
        "metric": (parameters.metric, default.metric),
        "target-utilization-percentage": (100 * parameters.target_utilisation, 100 * default.target_utilisation),
        "window": (f"{parameters.stable_window_s:g}s", f"{default.stable_window_s:g}s"),
        "panic-window-percentage": (100 * parameters.panic_window_share, 100 * default.panic_window_share),
        "panic-threshold-percentage": (100 * parameters.panic_threshold, 100 * default.panic_threshold),
        "scale-down-delay": (f"{parameters.scale_down_delay_s:g}s", f"{default.scale_down_delay_s:g}s"),
        "activation-scale": (parameters.activation_scale, default.activation_scale),
        "initial-scale": (parameters.initial_scale, default.initial_scale),
        "target-burst-capacity": (parameters.target_burst_capacity, default.target_burst_capacity),
        "scale-to-zero-pod-retention-period": (f"{parameters.last_pod_retention_s:g}s", "0s"),
    }
    if parameters.target is not None:
        yield "target", f"{parameters.target:g}"
    elif parameters.metric == "rps" and parameters.rps_target != default.rps_target:
        yield "target", f"{parameters.rps_target:g}"
    for key, (value, own) in values.items():
        if value != own:
            yield key, f"{value:g}" if isinstance(value, float) else value


def _cluster_settings(parameters: KnativeParameters) -> Iterator[tuple[str, str]]:
    default = KnativeParameters()
    if parameters.max_scale_up_rate != default.max_scale_up_rate:
        yield "max-scale-up-rate", f"{parameters.max_scale_up_rate:g}"
    if parameters.max_scale_down_rate != default.max_scale_down_rate:
        yield "max-scale-down-rate", f"{parameters.max_scale_down_rate:g}"
    if parameters.scale_to_zero != default.scale_to_zero:
        yield "enable-scale-to-zero", str(parameters.scale_to_zero).lower()
    if parameters.scale_to_zero_grace_s != default.scale_to_zero_grace_s:
        yield "scale-to-zero-grace-period", f"{parameters.scale_to_zero_grace_s:g}s"


def hpa_texts(change: ServiceChange) -> Iterator[ApplyText]:
    """Yield the HPA of a deployment. A metric other than CPU is the user's own, so there is no text for it."""
    parameters = change.after.policy.parameters
    if not isinstance(parameters, HpaParameters) or parameters.metric != "cpu":
        return
    scaling = scaling_of(change.after)
    utilisation = {"type": "Utilization", "averageUtilization": round(100 * (parameters.target or _CPU_TARGET))}
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": change.name},
        "minReplicas": scaling.min_size,
        "maxReplicas": scaling.max_size,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": utilisation}}],
        "behavior": {
            "scaleUp": _direction(
                parameters.scale_up_stabilisation_s, parameters.scale_up_limits, parameters.scale_up_select
            ),
            "scaleDown": _direction(
                parameters.scale_down_stabilisation_s, parameters.scale_down_limits, parameters.scale_down_select
            ),
        },
    }
    hpa = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": change.name},
        "spec": spec,
    }
    yield _manifest(change, [hpa])


def _direction(stabilisation_s: float, limits: Sequence[RateLimit], select: str) -> dict[str, Any]:
    return {
        "stabilizationWindowSeconds": round(stabilisation_s),
        "selectPolicy": select.capitalize(),
        "policies": [
            {
                "type": "Pods" if limit.pods is not None else "Percent",
                "value": limit.pods if limit.pods is not None else round(100 * (limit.share or 0)),
                "periodSeconds": round(limit.period_s),
            }
            for limit in limits
        ],
    }


def _resources(change: ServiceChange) -> dict[str, dict[str, str]]:
    size = change.after.size
    amounts = {"cpu": f"{round(1000 * size.vcpu)}m", "memory": f"{size.memory_mb}Mi"}
    return {"requests": amounts, "limits": dict(amounts)}


def _manifest(change: ServiceChange, documents: Sequence[dict[str, Any]]) -> ApplyText:
    heading = comment(f"{change.name} on {change.platform}: {', '.join(change.sentences)}.")
    merge = comment("Merge this with the manifest that you have; other fields stay as they are.")
    text = yaml.safe_dump_all(documents, sort_keys=False, width=100)
    return ApplyText(ApplyTool.KUBECTL, f"{change.name}.apply.yaml", f"{heading}{merge}{text}")
