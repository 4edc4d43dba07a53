"""The section `waf` of the configuration of `serve`: files with web ACLs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.platform.config_paths import File
from simulator.scenario.sections.base_model import Section

if TYPE_CHECKING:
    from simulator.rules.waf.web_acl import WebAcl


class WafSection(Section):
    """Web ACLs that services can be associated with."""

    files: tuple[File, ...] = ()
    """JSON files with web ACLs, IP sets and regex pattern sets, as `aws wafv2 get-web-acl`, `get-ip-set` and
    `get-regex-pattern-set` print them.
    """


def load_web_acls(files: Sequence[Path]) -> Mapping[str, WebAcl]:
    """Return the web ACLs by ARN. Raises ValueError for a file that cannot be read or is wrong."""
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
