"""Web ACLs read from files that the user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.rules.waf.web_acl import WebAcl


def load_web_acls(files: Sequence[Path]) -> Mapping[str, WebAcl]:
    """Return the web ACLs by ARN. Raises ValueError for a file that cannot be read or is invalid."""
    if not files:
        return {}
    import orjson  # noqa: PLC0415 few configurations have a web ACL

    from simulator.rules.waf.acl_documents import read_web_acls  # noqa: PLC0415

    documents = []
    for file in files:
        try:
            documents.append((str(file), orjson.loads(file.read_bytes())))
        except OSError as error:
            raise ValueError(f"{file}: {error.strerror}; must be a readable file") from error
        except orjson.JSONDecodeError as error:
            raise ValueError(f"{file}:{error.lineno}:{error.colno}: must be JSON: {error.msg}") from error
    return read_web_acls(documents)
