"""The front of the live platform: listeners, client connections, and the gateway that routes by host.

`listener` accepts and watches the clock for all its connections; `connection` reads requests and keeps their order;
`gateway` (or `redirect`, on the plain port) decides what becomes of one; `exchange` is one request on its way through a
pool. Everything is callbacks: no task per connection or request.
"""
