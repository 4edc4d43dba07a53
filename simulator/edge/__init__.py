"""The front of the live platform: listeners, client connections, and the gateway that routes by host.

`accept` accepts sockets. `listener` counts connections, runs their TLS handshakes and checks the time limits of all of
them. `connection` reads requests and keeps their order. `gateway` (or `redirect`, on the plain-HTTP port) decides how
to handle each request and which response headers the balancer adds (`plain` is another profile). `exchange` is one
request on its way through a pool. `web_acl_upstream` evaluates requests before the pool of a service with a web ACL
gets them, using the request that `inspection` returns. `live` combines these parts into the front of a platform.
`access_log` records how each request ended, in a format of `access_log_entry`. All of this works with callbacks: there
is no task per request, and one task per connection only for its TLS handshake.
"""

PUBLIC_MODULES = (
    "access_log_entry",
    "inspection",
    "live.authority",
    "live.front",
    "live.live_settings",
    "live.service_host",
    "ports",
    "web_acl_upstream",
)
