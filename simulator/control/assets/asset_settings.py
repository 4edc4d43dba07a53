"""Settings of templates and assets, separate from the code that reads these."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from simulator.fleet.credentials.secrets import SecretsPlace


class AssetSettings(NamedTuple):
    """`folder`: of the object store; None keeps objects in memory. `aws`: an endpoint, and a file with parameters."""

    folder: Path | None = None
    aws: SecretsPlace = SecretsPlace()


ASSETS_NAME: Final = "assets"  # the folder in the state folder
NO_ASSETS: Final = AssetSettings()
