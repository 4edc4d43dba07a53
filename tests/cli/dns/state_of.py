"""A state folder with services, an ingress connection and domains."""

from __future__ import annotations

import asyncio
from pathlib import Path

from simulator.assembly.control_plane import STORE_NAME
from tests.control.api_stage import Stage
from tests.virtual import run_virtual

HOST = "awsapprunner.com"
LOCAL = "awsapprunner.localhost"


def make_state(folder: Path) -> tuple[str, str]:
    """Return the host names of the public service and of the private service's ingress connection."""
    folder.mkdir(exist_ok=True)
    names: list[str] = []

    async def main() -> None:
        async with Stage(folder / STORE_NAME) as stage:
            shop = await stage.running("shop")
            for name, www in (("acme.dev", True), ("*.acme.dev", False)):
                stage.call("AssociateCustomDomain", ServiceArn=shop, DomainName=name, EnableWWWSubdomain=www)
            await asyncio.sleep(60)
            stage.call("AssociateCustomDomain", ServiceArn=shop, DomainName="pending.dev", EnableWWWSubdomain=False)
            inside = await stage.private("inside")
            made = stage.call(
                "CreateVpcIngressConnection",
                ServiceArn=inside,
                VpcIngressConnectionName="entry",
                IngressVpcConfiguration={"VpcId": "vpc-1", "VpcEndpointId": "vpce-1"},
            )
            gone = await stage.running("gone")
            stage.call("DeleteService", ServiceArn=gone)
            await stage.settled()
            names.extend((stage.service(shop)["ServiceUrl"], made["VpcIngressConnection"]["DomainName"]))

    run_virtual(main)
    shop, inside = names
    return shop, inside
