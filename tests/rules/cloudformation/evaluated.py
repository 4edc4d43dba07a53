"""An evaluation of templates with a few resources and parameters, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.rules.cloudformation.functions import TemplateEvaluation
from simulator.rules.cloudformation.template_error import TemplateError

PARAMETERS = {"Level": "debug", "Ports": ["80", "81"], "AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}
MAPPINGS = {"Sizes": {"eu-west-1": {"cpu": "1024", "ids": ["a", "b"]}}}
CONDITIONS: dict[str, Any] = {
    "IsDebug": {"Fn::Equals": [{"Ref": "Level"}, "debug"]},
    "IsLive": {"Fn::Not": [{"Condition": "IsDebug"}]},
    "Both": {"Fn::And": [{"Condition": "IsDebug"}, {"Condition": "IsLive"}]},
    "Either": {"Fn::Or": [{"Condition": "IsDebug"}, {"Condition": "IsLive"}]},
    "IsTrue": {"Fn::Equals": [True, "true"]},
}


class Resources:
    def ref(self, logical_id: str) -> str:
        if logical_id != "Service":
            raise TemplateError(f"no {logical_id}")
        return "arn:service"

    def attribute(self, logical_id: str, name: str) -> str:
        return f"{self.ref(logical_id)}/{name}"


def imported(name: str) -> str:
    if name != "url":
        raise TemplateError(f"No export named {name} found.")
    return "https://shop"


def evaluation(conditions: Mapping[str, Any] = CONDITIONS) -> TemplateEvaluation:
    return TemplateEvaluation(PARAMETERS, MAPPINGS, conditions, Resources(), imported)
