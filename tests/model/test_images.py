"""Image identifiers: those that App Runner accepts, and the local image that each refers to."""

from __future__ import annotations

import pytest

from simulator.model.images import ImageIdentifier, RegistryKind

DIGEST = "sha256:" + "0a" * 32
PRIVATE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/"


@pytest.mark.parametrize(
    ("text", "registry", "rest"),
    [
        ("app", RegistryKind.LOCAL, "app"),
        ("team/app:1.2-rc_3", RegistryKind.LOCAL, "team/app:1.2-rc_3"),
        ("localhost:5000/app:1", RegistryKind.LOCAL, "localhost:5000/app:1"),
        (f"app@{DIGEST}", RegistryKind.LOCAL, f"app@{DIGEST}"),
        (DIGEST, RegistryKind.LOCAL, DIGEST),
        (PRIVATE + "app:1", RegistryKind.ECR, "app:1"),
        (PRIVATE + f"team/app@{DIGEST}", RegistryKind.ECR, f"team/app@{DIGEST}"),
        ("public.ecr.aws/aws-containers/hello-app-runner:latest", RegistryKind.ECR_PUBLIC, "hello-app-runner:latest"),
    ],
)
def test_an_identifier_is_looked_up_by_its_full_name_and_then_without_registry(
    text: str, registry: RegistryKind, rest: str
) -> None:
    identifier = ImageIdentifier(text)
    assert identifier.registry is registry
    assert identifier.local_names == ((text,) if rest == text else (text, rest))


@pytest.mark.parametrize(
    "text", ["", "App", "app:", "app:a b", "app@sha256:12", "-app", PRIVATE, PRIVATE + "App", "a/" * 600 + "a", "a\nb"]
)
def test_an_invalid_image_identifier_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="must be a name such as app:1"):
        ImageIdentifier(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (PRIVATE + "team/app:1", (PRIVATE[:-1], "111122223333", "us-east-1", "team/app", "1")),
        (PRIVATE + "app", (PRIVATE[:-1], "111122223333", "us-east-1", "app", "latest")),
        (PRIVATE + f"app:1@{DIGEST}", (PRIVATE[:-1], "111122223333", "us-east-1", "app", DIGEST)),
        ("public.ecr.aws/alias/app:2", ("public.ecr.aws", "", "", "alias/app", "2")),
        ("localhost:5000/app", ("", "", "", "localhost:5000/app", "latest")),
    ],
)
def test_an_identifier_has_the_parts_of_requests_to_its_registry(text: str, parts: tuple[str, ...]) -> None:
    identifier = ImageIdentifier(text)
    read = (identifier.host, identifier.account, identifier.region, identifier.repository, identifier.reference)
    assert read == parts
