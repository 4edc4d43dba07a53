"""Creates the control plane: state folder, store, the API's operations on a workload, and the endpoint.

Use `open_control_plane`. The caller passes the workload, which runs the services.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import ssl
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from simulator.api.admin import ADMIN_FILE, SERVE_NAME, Action, AdminEndpoint
from simulator.api.api_listener import ApiListener
from simulator.api.authentication import Authentication
from simulator.api.calls import ApiCalls
from simulator.api.endpoint import ApiEndpoint, request_ids
from simulator.control.api_context import ApiSettings
from simulator.control.assets.asset_settings import NO_ASSETS, AssetSettings
from simulator.control.operations.time_profile import INSTANT, TimeProfile
from simulator.control.operations.workload import Workload
from simulator.control.service_api import ServiceApi
from simulator.control.state.registry import Registry
from simulator.control.state.serialization import DocumentError
from simulator.control.state.store import Store
from simulator.control.state.store_file import StoreError
from simulator.control.state.store_lock import StateLock
from simulator.control.wall_clock import WallClock, live_wall_clock
from simulator.control.web_acl_files import WafSettings
from simulator.fleet.registries.registry_map import NO_REGISTRIES, RegistryMap
from simulator.platform.image_watch import ImageWatch
from simulator.records.journal import Journal
from simulator.wire.ca import CertificateAuthority
from simulator.wire.own_names import OwnNames
from simulator.wire.tls import server_context
from simulator.world.clock import utc_now
from simulator.world.tasks import Tasks

STORE_NAME: Final = "control.sqlite"  # file in the state folder

_SEED_BITS: Final = 63

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ControlPlaneSettings:
    """Settings. `state`: folder; None keeps everything in memory. `listener`: None opens no socket.

    `seed`: of the identifiers of a new state; None: random. `now`: clock; None: the wall clock. `engine`: address of
    the container engine in which a moved tag deploys services, `unix:///path` or `tcp://host:port`; None: no engine.
    `registries`: registries in which a moved tag does so. `waf`: where more web ACLs come from. `assets`: where stacks
    read templates and parameters of SSM.

    Raises:
        ValueError: if the API would listen on other addresses than loopback without access keys or without TLS.
    """

    state: Path | None = None
    listener: ApiListener | None = field(default_factory=ApiListener)
    authentication: Authentication = field(default_factory=Authentication)
    profile: TimeProfile = INSTANT
    api: ApiSettings = field(default_factory=ApiSettings)
    seed: int | None = None
    now: WallClock | None = None
    engine: str | None = None
    registries: RegistryMap = NO_REGISTRIES
    waf: WafSettings | None = None
    assets: AssetSettings = NO_ASSETS

    def __post_init__(self) -> None:
        listener = self.listener
        if listener is None or listener.is_loopback:
            return
        if self.authentication.is_open:
            msg = f"host = {listener.host!r}, must be a loopback address as long as no access keys are configured"
            raise ValueError(msg)
        if not listener.tls:
            msg = f"host = {listener.host!r}, must be a loopback address unless TLS is on"
            raise ValueError(msg)


class ControlPlane:
    """The control plane. `api`: the operations. `calls`: the validated operations, for callers in this process.

    `journal` gets the entries of its logs; by default, it has a journal of its own. `tasks`: all background work; a
    failure in it is a bug, which `tasks.failed` reports.
    """

    def __init__(self, settings: ControlPlaneSettings, workload: Workload, journal: Journal | None = None) -> None:
        self.settings = settings
        self.now = settings.now or live_wall_clock
        self.root_certificate: Path | None = None
        self._endpoint: ApiEndpoint | None = None
        self.admin: AdminEndpoint | None = None
        self._images: ImageWatch | None = None
        with contextlib.ExitStack() as closing:
            lock = closing.enter_context(StateLock(settings.state)) if settings.state is not None else None
            file = settings.state / STORE_NAME if settings.state is not None else None
            if lock is not None and lock.had_store and file is not None and not file.exists():
                _log.warning("state %s: %s no longer exists; starting with an empty state", file.parent, file)
            self.store = Store(file)
            if lock is not None:
                lock.mark_store()
            closing.callback(self.store.close)
            self.store.shrink()
            seed = secrets.randbits(_SEED_BITS) if settings.seed is None else settings.seed
            try:
                self.registry = Registry(self.store, seed=seed, journal=journal)
            except DocumentError as error:
                raise StoreError(f"state {settings.state}: {error}") from error
            self._closing = closing.pop_all()
        self.tasks = Tasks("control")
        self._web_acls = None if settings.waf is None else settings.waf.book(settings.api.web_acls)
        given = settings.api if self._web_acls is None else replace(settings.api, web_acls=self._web_acls)
        self.api = ServiceApi(
            self.registry, workload, now=self.now, tasks=self.tasks, profile=settings.profile, settings=given
        )
        self.calls = ApiCalls(self.api, settings.authentication.identity_of, settings.assets)

    @property
    def url(self) -> str:
        """The URL of the API."""
        listener = self.settings.listener
        assert listener is not None, "no listener is configured"
        assert self._endpoint is not None, "the control plane is not open"
        host = f"[{listener.called}]" if ":" in listener.called else listener.called
        return f"{'https' if listener.tls else 'http'}://{host}:{self._endpoint.port}"

    async def open(self) -> None:
        """Restore the services, then accept requests. Raises OSError or ValueError if it cannot listen."""
        if self._web_acls is not None:
            await self._web_acls.start(self.api.web_acls_changed, self.tasks)
        self.calls.start()
        if (engine := self.settings.engine) is not None:
            self._images = ImageWatch(
                self.registry, self.api.deploy_automatically, self.tasks, engine, self.settings.registries
            )
        listener = self.settings.listener
        if listener is not None:
            self._endpoint = ApiEndpoint(
                self.calls,
                self.settings.authentication,
                now=self.now,
                request_id=request_ids(),
                names=OwnNames([listener.host, listener.called]),
                before_association=None if self._web_acls is None else self._web_acls.look,
            )
            await self._endpoint.open(listener.host, listener.port, self._tls(listener))
            if self.settings.state is not None:
                file = self.settings.state / ADMIN_FILE
                self.admin = AdminEndpoint(file, SERVE_NAME, secrets.token_hex(), self._admin_actions())
                await self.admin.open()

    async def close(self) -> None:
        """Stop requests, then tasks, then the store, so that the store contains every acknowledged change."""
        if self.admin is not None:
            await self.admin.close()
        if self._endpoint is not None:
            await self._endpoint.close()
        await self.tasks.close()
        if self._images is not None:
            await self._images.close()
        for book in (self._web_acls, self.settings.api.vpc_book):
            if book is not None:
                await book.close()
        self.api.close()
        self._closing.close()

    def approve_connection(self, name: str, account: str | None = None, region: str | None = None) -> str:
        """Complete the handshake with a connection's provider and return the ARN. Raises ApiError for an unknown name.

        `account`, `region`: by default those of requests that name none.
        """
        authentication = self.settings.authentication
        account, region = account or authentication.account, region or authentication.region
        return self.api.approve_connection(account, region, name).arn

    def _admin_actions(self) -> dict[str, Action]:
        """Return the actions that the CLI can request."""
        return {
            "approve-connection": lambda request: {
                "arn": self.approve_connection(str(request["name"]), request.get("account"), request.get("region"))
            },
            "status": lambda _request: {"url": self.url},
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _tls(self, listener: ApiListener) -> ssl.SSLContext | None:
        if not listener.tls:
            return None
        context = server_context()
        if listener.certificate is not None:
            try:
                context.load_cert_chain(listener.certificate, listener.key)
            except (ssl.SSLError, OSError) as error:
                files = " and ".join(str(each) for each in (listener.certificate, listener.key) if each is not None)
                msg = f"certificate = {files}, must be a certificate and its key in PEM files: {error}"
                raise ValueError(msg) from error
            return context
        if self.settings.state is None:
            msg = "tls = true, must come with a state folder or a certificate of your own"
            raise ValueError(msg)
        now = utc_now()
        authority = CertificateAuthority(self.settings.state / "ca", now)
        self.root_certificate = authority.certificate_path
        context.load_cert_chain(authority.leaf(listener.called, now))
        return context


async def open_control_plane(settings: ControlPlaneSettings, workload: Workload) -> ControlPlane:
    """Open the control plane, ready for requests; the caller must close it.

    Raises:
        StateHeld: if another simulator uses the state folder.
        StoreError: if the state cannot be read.
        OSError, ValueError: if the state folder or the port is not available, or the certificate is invalid.
    """
    plane = ControlPlane(settings, workload)
    try:
        await plane.open()
    except BaseException:
        await plane.close()
        raise
    return plane
