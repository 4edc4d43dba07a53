"""Build settings from the user's options and environment: access to registries, toolchains, images."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from simulator.builds.git.repositories import RepositorySettings
from simulator.builds.runtimes import RUNTIMES
from simulator.builds.settings import ALL_RUNTIMES, BuildSettings, RuntimeImages
from simulator.builds.toolchain import ToolchainSettings
from simulator.fleet.docker.engine_address import DEFAULT_HOST as DEFAULT_ENGINE
from simulator.model.images import ImageIdentifier
from simulator.model.text.problems import one_of

# The variables of the user's environment that package tools need to reach their registries. Other variables could be
# unrelated secrets.
_PROXIES: Final = (
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
_PASSED: Final = frozenset(
    {
        *_PROXIES,
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
        *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_FIND_LINKS", "PIP_DEFAULT_TIMEOUT", "PIP_NO_INDEX"),
        *("PIP_TRUSTED_HOST", "PIP_CONFIG_FILE", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX"),
        *("NPM_CONFIG_REGISTRY", "npm_config_registry", "YARN_REGISTRY", "YARN_NPM_REGISTRY_SERVER"),
        *("GOPROXY", "GOFLAGS", "GOSUMDB", "GOPRIVATE", "BUNDLE_MIRROR__ALL"),
    }
)
_GIT: Final = frozenset({*_PROXIES, "HOME", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "GIT_SSH_COMMAND"})


def build_settings(
    state: Path,
    toolchains: Sequence[str] = (),
    images: Sequence[str] = (),
    run_images: Sequence[str] = (),
    *,
    runtime_images: str | None = None,
    near_versions: bool = False,
    engine: str = DEFAULT_ENGINE,
    offline: bool = False,
) -> BuildSettings:
    """Return the build settings that the options give. Clones and build results are kept below the folder `state`.

    `images` and `run_images` override `runtime_images`, the prefix of images of `simulator runtimes build`.

    Raises:
        ValueError: for a toolchain that is not in the form RUNTIME=FOLDER, an invalid image, a run image for a
            runtime that has no build image, or `offline` without images.
    """
    pairs = runtime_image_pairs(runtime_images) | _images(images, run_images)
    check_offline(pairs, offline=offline)
    return BuildSettings(
        state / "builds",
        ToolchainSettings(dict(map(_toolchain, toolchains)), near_versions, Path.home()),
        RepositorySettings(environment=git_environment()),
        environment=build_environment(),
        images=pairs,
        engine=engine,
        hidden=(state,),
        offline=offline,
    )


def check_offline(images: Mapping[str, RuntimeImages], *, offline: bool) -> None:
    """Raise ValueError for offline builds that do not run in images."""
    if offline and not images:
        msg = "offline = true, must come with images: builds with this machine's programs keep no downloads"
        raise ValueError(msg)


def runtime_image_pairs(prefix: str | None) -> dict[str, RuntimeImages]:
    """Map each runtime to its images with the prefix, made by `simulator runtimes build`; empty without a prefix.

    Raises:
        ValueError: if image names cannot begin with the prefix.
    """
    if prefix is None:
        return {}
    from simulator.builds.runtime_images.names import images_of  # noqa: PLC0415 most builds have no such images

    return dict(images_of(prefix))


def build_environment() -> dict[str, str]:
    """Return the part of the user's environment that a build's package tools need to reach their registries."""
    return {name: value for name, value in os.environ.items() if name in _PASSED}  # noqa: TID251 cli is its reader


def git_environment() -> dict[str, str]:
    """Return the part of the user's environment that git needs to reach a server and to authenticate."""
    return {name: value for name, value in os.environ.items() if name in _GIT}  # noqa: TID251 cli is its reader


def _images(build: Sequence[str], run: Sequence[str]) -> dict[str, RuntimeImages]:
    """Pair the build image of each runtime with its run image, which is the same image if none is given."""
    builds = dict(_image(text, "build image") for text in build)
    runs = dict(_image(text, "run image") for text in run)
    pairs = dict[str, RuntimeImages]()
    for name in dict.fromkeys((*builds, *runs)):
        image = builds.get(name) or builds.get(ALL_RUNTIMES)
        if image is None:
            of = f"{name}=" if name else ""
            msg = f"run image = '{of}{runs[name]}', must come with a build image: `--build-image {of}IMAGE`"
            raise ValueError(msg)
        pairs[name] = RuntimeImages(image, runs.get(name) or runs.get(ALL_RUNTIMES) or image)
    return pairs


def _image(text: str, role: str) -> tuple[str, str]:
    name, separator, image = text.rpartition("=")
    if separator and name not in RUNTIMES:
        msg = f"{role} = {text!r}, must be IMAGE, or RUNTIME=IMAGE with {one_of(name, RUNTIMES)}"
        raise ValueError(msg)
    return name if separator else ALL_RUNTIMES, ImageIdentifier(image).text


def _toolchain(text: str) -> tuple[str, Path]:
    name, separator, folder = text.partition("=")
    if not separator or name not in RUNTIMES or not folder:
        msg = f"toolchain = {text!r}, must be RUNTIME=FOLDER with {one_of(name, RUNTIMES)}"
        raise ValueError(msg)
    path = Path(folder).expanduser().absolute()
    if not path.is_dir():
        msg = f"toolchain {name} = {folder}, must be a folder"
        raise ValueError(msg)
    return name, path
