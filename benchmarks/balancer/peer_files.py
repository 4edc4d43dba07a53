"""The configuration files of the other proxies, as similar to each other as their options allow.

Each terminates TLS 1.3 with the same certificate, serves plain HTTP on a second port, keeps connections alive on both
sides, and adds the headers of this balancer: x-forwarded-for, x-forwarded-proto, x-request-id. There is no access log,
which is the default here. Limits of requests per connection are disabled, because this balancer has none.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.balancer.places import ADDRESS, KEEP_ALIVE_S, Places

# The idle connections of one measurement, and more than a sixteenth in addition: with fewer free ones nginx closes idle
# ones.
_CONNECTIONS_MAX = 12_000


def nginx(places: Places) -> str:
    temporary = "".join(
        f"  {kind}_temp_path {places.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # One process in the foreground: `master_process off` changes which process serves, not how. Buffering to disk is
    # disabled: a response must not be written to disk because the client is slower than the origin.
    return f"""
daemon off;
master_process off;
pid {places.folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections {_CONNECTIONS_MAX}; }}
http {{
{temporary}
  access_log off;
  keepalive_timeout {KEEP_ALIVE_S}s;
  keepalive_requests 1000000000;
  upstream origin {{
    server {ADDRESS}:{places.origin_port};
    keepalive 200;
    keepalive_requests 1000000000;
  }}
  server {{
    listen {ADDRESS}:{places.tls_port} ssl backlog=1024;
    listen {ADDRESS}:{places.plain_port} backlog=1024;
    ssl_certificate {places.certificate};
    ssl_certificate_key {places.certificate};
    ssl_protocols TLSv1.3;
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_max_temp_file_size 0;
      proxy_set_header Host $host;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;
    }}
  }}
}}
"""


def haproxy(places: Places) -> str:
    # without strict-limits, which require two descriptors per connection; idle connections need one
    return f"""
global
  nbthread 1
  maxconn {_CONNECTIONS_MAX}
  no strict-limits
defaults
  mode http
  timeout connect 5s
  timeout client {KEEP_ALIVE_S}s
  timeout http-keep-alive {KEEP_ALIVE_S}s
  timeout server 120s
  option forwardfor
  http-reuse always
frontend front
  bind {ADDRESS}:{places.tls_port} ssl crt {places.certificate} ssl-min-ver TLSv1.3 alpn http/1.1 backlog 1024
  bind {ADDRESS}:{places.plain_port} backlog 1024
  http-request set-header x-forwarded-proto https if {{ ssl_fc }}
  http-request set-header x-forwarded-proto http unless {{ ssl_fc }}
  http-request set-header x-request-id %[uuid()]
  default_backend origin
backend origin
  server origin {ADDRESS}:{places.origin_port}
"""


def envoy(places: Places) -> str:
    """Return Envoy's configuration as JSON, which is valid YAML."""
    tls = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "alpn_protocols": ["http/1.1"],
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
                "tls_certificates": [
                    {
                        "certificate_chain": {"filename": str(places.certificate)},
                        "private_key": {"filename": str(places.certificate)},
                    }
                ],
            },
        },
    }
    cluster = {
        "name": "origin",
        "type": "STATIC",
        "connect_timeout": "5s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": {
            "cluster_name": "origin",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _envoy_address(places.origin_port)}}]}],
        },
    }
    listeners = [
        _envoy_listener("tls", places.tls_port, {"transport_socket": tls}),
        _envoy_listener("plain", places.plain_port, {}),
    ]
    return json.dumps({"static_resources": {"listeners": listeners, "clusters": [cluster]}}, indent=1)


def _envoy_listener(name: str, port: int, chain: dict[str, Any]) -> dict[str, Any]:
    manager = {
        "@type": (
            "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
        ),
        "stat_prefix": name,
        "codec_type": "HTTP1",
        "use_remote_address": True,
        "common_http_protocol_options": {"idle_timeout": f"{KEEP_ALIVE_S}s"},
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "origin", "timeout": "120s"}}],
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
            }
        ],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {
        "name": name,
        "address": _envoy_address(port),
        "tcp_backlog_size": 1024,
        "filter_chains": [{"filters": filters, **chain}],
    }


def _envoy_address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": ADDRESS, "port_value": port}}
