"""Certificates that the user's environment names for build commands, in the containers of a build.

Variables such as SSL_CERT_FILE name a file of this machine. It is mounted into the containers, and the variable gets
its path there. At most an empty file in its place remains in the image of the build.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from simulator.fleet.docker.engine_address import is_local

_VARIABLES: Final = (
    *("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "GIT_SSL_CAINFO"),
)
_FOLDER: Final = "/run/apprunner-simulator-certificates"


def with_certificates(environment: Mapping[str, str], host: str) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return the variables for containers of the engine at `host`, and the mounts of the files that they name.

    An engine on another machine cannot mount them, so the variables stay as they are, as do those of missing files.
    """
    variables, mounts = dict(environment), dict[str, dict[str, Any]]()
    for name in _VARIABLES:
        file = Path(environment.get(name, ""))
        if environment.get(name) and is_local(host) and file.is_file():
            source = str(file.resolve())
            target = mounts[source]["Target"] if source in mounts else f"{_FOLDER}/{len(mounts)}.pem"
            mounts[source] = {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True}
            variables[name] = target
    return variables, list(mounts.values())
