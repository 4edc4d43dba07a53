"""The `builds` section of the configuration of `simulator serve`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from simulator.builds.git.repositories import RepositorySettings
from simulator.builds.runtimes import RUNTIMES
from simulator.builds.settings import ALL_RUNTIMES, BuildSettings, RuntimeImages
from simulator.builds.toolchain import ToolchainSettings
from simulator.cli.build_options import build_environment, git_environment, runtime_image_pairs
from simulator.model.images import ImageIdentifier
from simulator.model.text.problems import one_of
from simulator.scenario.sections.application_spec import Folder, variable_text
from simulator.scenario.sections.base_model import Flag, Section

_ALL: Final = "all"  # all runtimes


def _image(text: str) -> str:
    return ImageIdentifier(text).text


def _prefix(text: str) -> str:
    runtime_image_pairs(text)
    return text


def _of_runtimes(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return _known(given, (*RUNTIMES,))


def _of_runtimes_or_all(given: Mapping[str, Any]) -> Mapping[str, Any]:
    return _known(given, (*RUNTIMES, _ALL))


def _known(given: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    for name in given:
        if name not in names:
            msg = f"{name!r} is not a runtime; write {one_of(name, names)}"
            raise ValueError(msg)
    return given


Image = Annotated[str, AfterValidator(_image), WithJsonSchema({"type": "string"})]


class ImagesSection(Section):
    """The build image of a runtime and its run image."""

    build: Image
    """The image in which the build commands run."""
    run: Image
    """The image of the instances, into which a revised build copies only /app."""


def _one_or_both(given: object) -> object:
    return {"build": given, "run": given} if isinstance(given, str) else given


Images = Annotated[ImagesSection, BeforeValidator(_one_or_both, json_schema_input_type=str | ImagesSection)]


class BuildsSection(Section):
    """How services from source code are built: on this machine, or in images of the container engine."""

    clones: Mapping[str, str] = Field(default_factory=dict)
    """Maps a repository's URL, or a prefix of URLs, to a local clone."""
    toolchains: Annotated[Mapping[str, Folder], AfterValidator(_of_runtimes)] = Field(default_factory=dict)
    """Maps a runtime, such as NODEJS_22, to the folder of its programs, if it is not found automatically."""
    near_versions: Flag = False
    """Allow another version of the language if this machine does not have the runtime's own."""
    images: Annotated[Mapping[str, Images], AfterValidator(_of_runtimes_or_all)] = Field(default_factory=dict)
    """Maps a runtime, such as NODEJS_22, or `all`, to the image in which it is built and run instead, or to a `build`
    image and a `run` image.
    """
    runtime_images: Annotated[str, AfterValidator(_prefix)] | None = None
    """Prefix of the images of `simulator runtimes build`, in which runtimes without `images` are built and run."""
    offline: Flag = False
    """Build without a network in images, from the downloads that earlier builds have kept."""
    environment: Mapping[str, Annotated[str, BeforeValidator(variable_text)]] = Field(default_factory=dict, repr=False)
    """Variables of every build command, besides those for proxies, certificates and package indexes that `serve`
    has.
    """

    @model_validator(mode="after")
    def _offline_has_images(self) -> Self:
        if self.offline and not self.images and self.runtime_images is None:
            msg = "offline = true, must come with images or runtime_images"
            raise ValueError(msg)
        return self

    def settings(self, state: Path, engine: str) -> BuildSettings:
        """Return the settings of builds, whose results are kept in the folder `state`."""
        return BuildSettings(
            state / "builds",
            ToolchainSettings(self.toolchains, self.near_versions, Path.home()),
            RepositorySettings(self.clones, git_environment()),
            environment=build_environment() | dict(self.environment),
            images=runtime_image_pairs(self.runtime_images)
            | {
                ALL_RUNTIMES if name == _ALL else name: RuntimeImages(images.build, images.run)
                for name, images in self.images.items()
            },
            engine=engine,
            hidden=(state,),
            offline=self.offline,
        )
