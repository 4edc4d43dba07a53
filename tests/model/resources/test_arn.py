from __future__ import annotations

import pytest

from simulator.model.resources.arn import Arn

HEAD = "arn:aws:apprunner:us-east-1:123456789012:"
ID = "8fe1e10304f84fd2b0df550fe98a71fa"


@pytest.mark.parametrize(
    ("text", "name", "revision", "resource_id"),
    [
        (f"{HEAD}service/python-app/{ID}", "python-app", None, ID),
        (f"{HEAD}connection/my-github", "my-github", None, None),
        (f"{HEAD}autoscalingconfiguration/busy", "busy", None, None),
        (f"{HEAD}autoscalingconfiguration/busy/3", "busy", 3, None),
        (f"{HEAD}observabilityconfiguration/DefaultConfiguration/1/{ID}", "DefaultConfiguration", 1, ID),
        (f"{HEAD}vpcconnector/net/1/{ID}", "net", 1, ID),
        (f"{HEAD}vpcingressconnection/in/{ID}", "in", None, ID),
    ],
)
def test_a_parsed_arn_is_formatted_to_the_same_text(
    text: str, name: str, revision: int | None, resource_id: str | None
) -> None:
    arn = Arn.parse(text)
    assert (arn.name, arn.revision, arn.resource_id) == (name, revision, resource_id)
    assert (str(arn), arn.owner_key, arn.is_partial) == (text, "123456789012/us-east-1", resource_id is None)


@pytest.mark.parametrize(
    "text",
    [
        "python-app",
        f"arn:aws:ecs:us-east-1:123456789012:service/a/{ID}",
        "arn:aws:apprunner:us-east-1:12345:service/a/b",
        f"{HEAD}gateway/a/{ID}",
        f"{HEAD}service/a/{ID}/more",
        f"{HEAD}service//{ID}",
        f"{HEAD}autoscalingconfiguration/busy/0",
        f"{HEAD}autoscalingconfiguration/busy/new/{ID}",
        f"{HEAD}service/a/{ID}\n",
    ],
)
def test_an_arn_of_another_service_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ARN of an App Runner resource"):
        Arn.parse(text)
