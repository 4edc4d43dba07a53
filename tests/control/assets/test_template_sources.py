"""Where templates and parameters of stacks come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiohttp import web

from simulator.control.assets.object_store import ObjectStore
from simulator.control.assets.template_sources import BOOTSTRAP_VERSION, ObjectPlace, TemplateSources, object_place
from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.model.resources.api_error import ApiError

BUCKET = "cdk-hnb659fds-assets-123456789012-eu-west-1"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (f"https://s3.eu-west-1.amazonaws.com/{BUCKET}/a/b.json", ObjectPlace(BUCKET, "a/b.json")),
        (f"https://s3.amazonaws.com/{BUCKET}/b.json?versionId=1", ObjectPlace(BUCKET, "b.json")),
        (f"https://{BUCKET}.s3.eu-west-1.amazonaws.com/b%20c.json", ObjectPlace(BUCKET, "b c.json")),
        ("https://my.bucket.s3.amazonaws.com/b.json", ObjectPlace("my.bucket", "b.json")),
        ("https://my-bucket.s3-us-west-2.amazonaws.com/b.json", ObjectPlace("my-bucket", "b.json")),
        ("s3://my-bucket/dir/b.json", ObjectPlace("my-bucket", "dir/b.json")),
        (
            "http://127.0.0.1:9000/my-bucket/b.json",
            ObjectPlace("my-bucket", "b.json", "http://127.0.0.1:9000/my-bucket/b.json"),
        ),
    ],
)
def test_a_url_names_a_bucket_and_a_key(url: str, place: ObjectPlace) -> None:
    assert object_place(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/b/k",
        "https://example.com/b/k",
        "https://s3.amazonaws.com/bucket",
        "https://s3.evil-amazonaws.com/b/k",
        "http://169.254.170.2/b/k",
        "http://10.0.0.1/b/k",
        "file:///etc/passwd",
        "https://[/",
        "",
        f"https://s3.amazonaws.com/b/{'k' * 6000}",
    ],
)
def test_other_urls_are_rejected(url: str) -> None:
    with pytest.raises(ApiError, match="TemplateURL must be a supported URL"):
        object_place(url)


async def test_a_template_is_read_from_the_store(tmp_path: Path) -> None:
    sources = TemplateSources(ObjectStore(tmp_path / "assets"))
    sources.store.put(BUCKET, "b.json", b"{}", 0.0)
    sources.store.put(BUCKET, "binary", b"\xff", 0.0)
    sources.store.put(BUCKET, "large", b" " * 1_048_577, 0.0)
    url = f"https://s3.eu-west-1.amazonaws.com/{BUCKET}"
    assert await sources.template(f"{url}/b.json") == "{}"
    for key, told in (
        ("none", "The specified key does not exist"),
        ("binary", "not UTF-8"),
        ("large", "may not exceed"),
    ):
        with pytest.raises(ApiError, match=told) as caught:
            await sources.template(f"{url}/{key}")
        assert caught.value.code == "ValidationError"


async def test_a_template_on_this_machine_is_read_over_http() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(status=200 if request.path == "/b/k" else int(request.path[-3:]), text="Resources: {}")

    server = web.ServerRunner(web.Server(answer))
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    try:
        url = f"http://127.0.0.1:{server.addresses[0][1]}"
        assert await TemplateSources().template(f"{url}/b/k") == "Resources: {}"
        with pytest.raises(ApiError, match="The specified key does not exist"):
            await TemplateSources().template(f"{url}/b/404")
        with pytest.raises(ApiError, match="Access Denied") as caught:
            await TemplateSources().template(f"{url}/b/302")
        assert "answers 302" in caught.value.hint
    finally:
        await server.cleanup()
    with pytest.raises(ApiError, match="Access Denied"):
        await TemplateSources().template("http://127.0.0.1:1/b/k")


async def test_parameters_are_those_of_the_file_and_a_bootstrap_is_always_there(tmp_path: Path) -> None:
    file = tmp_path / "secrets.yaml"
    file.write_text(json.dumps({"/shop/size": "3", "/cdk-bootstrap/own/version": "7"}), encoding="utf-8")
    sources = TemplateSources(aws=SecretsPlace(file))
    assert await sources.parameter("/shop/size") == "3"
    assert await sources.parameter("/cdk-bootstrap/own/version") == "7"
    assert await sources.parameter("/cdk-bootstrap/hnb659fds/version") == BOOTSTRAP_VERSION
    assert await sources.parameter("/shop/none") is None
    assert await sources.parameter("no name") is None
    assert await TemplateSources().parameter("/shop/size") is None
