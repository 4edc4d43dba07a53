"""All code that speaks HTTP/1.x, TLS or DNS; it has no knowledge of services, pools or scaling.

`http1` reads and writes messages without I/O; `upstream` is one connection to an instance and `origin` all of them;
`probe` checks the health of an instance; `client` is a connection of the load generator; `ca` and `tls` create
certificates and contexts; `dns` answers queries for host names; `listening`, `own_names` and `web_listener` are common
parts of listeners; `exhaustion` recognises exhausted resources of the process.

The balancer reads a whole head line by line with a strict pattern for each line, and caches the lines that it has seen
before (`http1/fields.py`). It does not use httptools, because llhttp rejects methods that it does not know, cannot stop
at the end of a message, mixes trailers into the head and accepts several malformed heads. The patterns run in C as
well, and their result does not depend on how the bytes were divided into reads. The tests compare it with httptools and
h11.
"""

PUBLIC_MODULES = (
    "ca",
    "client",
    "dns.dns_lookup",
    "dns.dns_server",
    "dns.zone_file",
    "dns.zones",
    "exhaustion",
    "http1.body",
    "http1.fault",
    "http1.fields",
    "http1.framing",
    "http1.grammar",
    "http1.local_replies",
    "http1.reader",
    "http1.request",
    "http1.response",
    "http1.trace_context",
    "listening",
    "origin",
    "own_names",
    "probe",
    "tls",
    "upstream",
    "web_listener",
)
