"""The front of the live platform: listeners, client connections, and the gateway that routes by host.

`accept` takes connections, `listener` counts them, has their TLS handshakes made and watches the clock for all of them;
`connection` reads requests and keeps their order; `gateway` (or `redirect`, on the plain port) decides what becomes of
one, and the response headers of the balancer (`plain` is another profile); `exchange` is one request on its way through
a pool. `access_log` writes down how each ended, as `access_line` has it. Everything is callbacks: no task per request,
and one per connection only for its handshake.
"""
