"""A stack whose template is in S3 and whose parameter is in SSM of an AWS-compatible endpoint (moto)."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from simulator.control.assets.template_sources import TemplateSources
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.model.resources.api_error import ApiError


@pytest.mark.slow
async def test_templates_and_parameters_are_read_at_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "any")
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        options: dict[str, Any] = {"endpoint_url": url, "region_name": "us-east-1"}
        s3 = boto3.client("s3", **options)
        s3.create_bucket(Bucket="templates-1")
        s3.put_object(Bucket="templates-1", Key="one.yaml", Body=b"Resources: {}", ACL="public-read")
        boto3.client("ssm", **options).put_parameter(Name="/shop/size", Value="3", Type="String")
        sources = TemplateSources(aws=SecretsPlace(endpoint=url))
        https = "https://s3.us-east-1.amazonaws.com"
        assert await sources.template(f"{https}/templates-1/one.yaml") == "Resources: {}"
        assert await TemplateSources().template(f"{url}/templates-1/one.yaml") == "Resources: {}"
        for missing in ("templates-1/two.yaml", "templates-2/one.yaml"):
            with pytest.raises(ApiError, match="The specified key does not exist"):
                await sources.template(f"{https}/{missing}")
        assert await sources.parameter("/shop/size") == "3"
        assert await sources.parameter("/shop/none") is None
    finally:
        server.stop()
