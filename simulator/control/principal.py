"""The caller of the control-plane API: the result of authentication, with the data of an audit record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.rules.iam.identity import IamIdentity


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated call. `account` (12 digits) and `region` isolate resources; `request_id` is in the response.

    `identity`: the user or role of the access key with its policies; None: everything is allowed. `is_secure`: the
    connection uses TLS.
    """

    account: str
    region: str
    access_key: str
    request_id: str
    source_ip: str
    user_agent: str
    identity: IamIdentity | None = None
    is_secure: bool = False
