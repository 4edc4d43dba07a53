"""Manifests, read by PyYAML."""

from __future__ import annotations

from typing import Any

import yaml

from simulator.lab.apply.apply import apply_instructions
from simulator.lab.apply.instructions import ApplyTool
from tests.lab.apply.services import scenario, text_of


def _documents(**settings: Any) -> list[dict[str, Any]]:
    (found,) = apply_instructions(scenario(), scenario(**settings))
    return list(yaml.safe_load_all(text_of(found, ApplyTool.KUBECTL)))


def test_a_revision_of_knative_has_its_limits_and_what_differs_from_the_defaults() -> None:
    policy = {"name": "knative", "stable_window": "30s", "target_utilisation": 0.8, "panic_window_share": 0.2}
    (service,) = _documents(policy=policy, max_concurrency=40, min_size=2, max_size=9, cpu=512, memory=1024)
    template = service["spec"]["template"]
    assert template["metadata"]["annotations"] == {
        "autoscaling.knative.dev/min-scale": "2",
        "autoscaling.knative.dev/max-scale": "9",
        "autoscaling.knative.dev/target-utilization-percentage": "80",
        "autoscaling.knative.dev/window": "30s",
        "autoscaling.knative.dev/panic-window-percentage": "20",
    }
    assert template["spec"]["containerConcurrency"] == 40
    (container,) = template["spec"]["containers"]
    assert container["resources"]["limits"] == {"cpu": "500m", "memory": "1024Mi"}


def test_parameters_of_the_whole_cluster_are_in_its_config_map() -> None:
    policy = {"name": "knative", "max_scale_down_rate": 3, "scale_to_zero": False, "scale_to_zero_grace": "1 min"}
    (_, config) = _documents(policy=policy)
    assert config["metadata"] == {"name": "config-autoscaler", "namespace": "knative-serving"}
    assert config["data"] == {
        "max-scale-down-rate": "3",
        "enable-scale-to-zero": "false",
        "scale-to-zero-grace-period": "60s",
    }


def test_an_hpa_has_its_target_and_its_behaviour() -> None:
    policy = {
        "name": "hpa",
        "target": 0.65,
        "scale_up_limits": [{"pods": 2, "period": "30s"}],
        "scale_up_select": "min",
    }
    (hpa,) = _documents(policy=policy, min_size=2, max_size=9)
    spec = hpa["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 9)
    assert spec["metrics"][0]["resource"]["target"]["averageUtilization"] == 65
    assert spec["behavior"]["scaleUp"] == {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Min",
        "policies": [{"type": "Pods", "value": 2, "periodSeconds": 30}],
    }
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300
