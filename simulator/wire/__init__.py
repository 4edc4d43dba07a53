"""All code that speaks HTTP/1.x, TLS or DNS; knows nothing of services, pools or scaling.

`grammar` has the patterns; `request` and `response` read heads and forward them; `framing` determines the length of a
body, `body` reads it, and `reader` extracts requests from a connection's bytes; `answers` writes the balancer's own
answers; `upstream` is one connection to an instance and `origin` all of them; `probe` checks the health of an instance;
`client` is the load generator's connection; `ca` and `tls` create certificates and contexts; `dns` answers names.

The balancer reads heads whole, line by line with a strict pattern each and a cache of lines seen before (`fields`), and
not with httptools: llhttp rejects methods it does not know, cannot stop at the end of a message, mixes trailers into
the head and accepts several malformed heads. The patterns run in C as well, and are independent of how the bytes were
divided into reads. httptools and h11 are second opinions in the tests.
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
