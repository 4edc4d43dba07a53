"""Selection of the registry that is used in place of a host of AWS."""

from __future__ import annotations

import pytest

from simulator.fleet.registries.registry_map import RegistryMap, RegistryPlace
from simulator.model.images import ImageIdentifier

OWN = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
PLACES = {
    "all": "http://all",
    "*.dkr.ecr.*.amazonaws.com": "http://any",
    "*.dkr.ecr.eu-*.amazonaws.com": "http://europe",
    OWN: "http://own",
}


@pytest.mark.parametrize(
    ("image", "url"),
    [
        (f"{OWN}/app:1", "http://own"),
        ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:1", "http://europe"),
        ("999999999999.dkr.ecr.us-east-1.amazonaws.com/app:1", "http://any"),
        ("public.ecr.aws/alias/app:1", "http://all"),
        ("app:1", None),
        ("127.0.0.1:5000/app:1", None),
    ],
)
def test_the_most_specific_name_decides(image: str, url: str | None) -> None:
    places = RegistryMap({name: RegistryPlace(each) for name, each in PLACES.items()})
    found = places.place(ImageIdentifier(image))
    assert (found.url if found is not None else None) == url


def test_a_host_that_is_not_mapped_has_no_registry() -> None:
    assert RegistryMap({OWN: RegistryPlace("http://own")}).place(ImageIdentifier("public.ecr.aws/a/b:1")) is None
    assert not RegistryMap({})


@pytest.mark.parametrize("name", ["ALL", "docker.io", "*.amazonaws.com", "public.ecr.aws/alias", ""])
def test_another_host_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="is not a registry; write 111122223333"):
        RegistryMap({name: RegistryPlace("http://own")})


@pytest.mark.parametrize(
    ("url", "image", "engine_name"),
    [
        ("http://127.0.0.1:5000", f"{OWN}/team/app:1", "127.0.0.1:5000/team/app"),
        ("https://registry/mine/", f"{OWN}/app@sha256:{'0' * 64}", "registry/mine/app"),
        ("http://[::1]:5000", "public.ecr.aws/alias/app", "[::1]:5000/alias/app"),
    ],
)
def test_the_engine_pulls_by_registry_path_and_repository(url: str, image: str, engine_name: str) -> None:
    assert RegistryPlace(url).engine_name(ImageIdentifier(image)) == engine_name
