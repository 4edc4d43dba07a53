"""Names and defaults of options that several verbs have, without imports that `--help` does not need."""

from __future__ import annotations

from typing import Final

ENGINE_HELP: Final = (
    "The container engine, unix:///path or tcp://host:port; else DOCKER_HOST, else Docker's default socket."
)
OTLP_HELP: Final = "Collector for metrics and traces over OTLP/HTTP, such as http://127.0.0.1:4318."
SAMPLING_HELP: Final = "Share of the requests that are traced over OTLP, 0 to 1; a client's own decision wins."
TOOLCHAIN_HELP: Final = "RUNTIME=FOLDER: the folder of a runtime's programs, for example NODEJS_22=/opt/node22."
IMAGE_HELP: Final = (
    "[RUNTIME=]IMAGE: an image of the container engine to build and run in, for one runtime or for all, instead of "
    "this machine's programs."
)
NEAR_HELP: Final = "Allow another version of the language if this machine does not have the runtime's own."
