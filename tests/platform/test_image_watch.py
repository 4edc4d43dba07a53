"""Automatic deployments of images: which tags are watched in a registry, which in the engine, and which not at all."""

from __future__ import annotations

from simulator.control.operations.image_pushes import LOOK_S, ImagePushes
from simulator.control.operations.time_profile import INSTANT
from simulator.fleet.registries.registry_map import RegistryMap, RegistryPlace
from simulator.model.resources.api_resources import ServiceResource
from simulator.platform.image_watch import watched_by
from tests.control.api_stage import Stage
from tests.control.operations.test_image_pushes import CREATED, DEPLOYED, DIGEST, Tags
from tests.control.resources.sources import ECR, ECR_IMAGE
from tests.virtual import run_virtual

HOST = ECR_IMAGE.partition("/")[0]
ROLE = ECR["AuthenticationConfiguration"]["AccessRoleArn"]


def test_a_mapped_tag_is_watched_in_its_registry_with_its_role_and_another_in_the_engine() -> None:
    in_engine, in_registry = watched_by(RegistryMap({HOST: RegistryPlace("http://registry")}))
    neither = watched_by(RegistryMap({}))

    async def main() -> None:
        async with Stage(profile=INSTANT) as stage:
            await stage.running("tagged", SourceConfiguration=ECR)
            images = {"pinned": ECR_IMAGE.removesuffix(":latest") + DIGEST, "foreign": f"9{HOST[1:]}/app:1"}
            for name, image in images.items():
                repository = ECR["ImageRepository"] | {"ImageIdentifier": image}
                await stage.running(name, SourceConfiguration=ECR | {"ImageRepository": repository})
            await stage.running("public")
            await stage.running("manual", SourceConfiguration=ECR | {"AutoDeploymentsEnabled": False})
            watched = {each.name: each for each in stage.registry.all(ServiceResource)}
            assert {name: in_registry(each) for name, each in watched.items()} == dict.fromkeys(watched) | {
                "tagged": f"{ECR_IMAGE}\n{ROLE}"
            }
            assert not any(in_engine(each) for each in watched.values())
            assert neither[0](watched["tagged"]) == ECR_IMAGE
            assert neither[1](watched["tagged"]) is None

    run_virtual(main)


def test_a_tag_that_moves_in_the_registry_deploys_its_service() -> None:
    _, in_registry = watched_by(RegistryMap({"all": RegistryPlace("http://registry")}))

    async def main() -> None:
        async with Stage(profile=INSTANT) as stage:
            tags = Tags()
            pushes = ImagePushes(stage.registry, tags, stage.api.deploy_automatically, in_registry)
            stage.tasks.spawn(pushes.run(), "pushes")
            arn = await stage.running(SourceConfiguration=ECR)
            await stage.passes(2 * LOOK_S)
            tags.push(f"{ECR_IMAGE}\n{ROLE}", "second")
            await stage.passes(LOOK_S)
            await stage.settled()
            assert stage.operations(arn) == [DEPLOYED, CREATED]

    run_virtual(main)
