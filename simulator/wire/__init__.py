"""Everything that speaks HTTP/1.x or TLS; knows nothing of services, pools or scaling.

`grammar` has the patterns; `request` and `response` read heads and write them on; `framing` says how long a body is,
`body` reads it, and `reader` takes requests from a connection's bytes; `answers` writes answers of the balancer's own;
`upstream` is one connection to an instance and `origin` all of them; `probe` asks an instance for its health; `client`
is the load generator's connection; `ca` and `tls` make certificates and contexts.

The balancer reads heads whole, line by line with a strict pattern each and a memory of lines seen before (`fields`),
and not by httptools: llhttp rejects methods it does not know, cannot stop at the end of a message, mixes trailers into
the head and lets several malformed heads pass. The patterns run in C as well, and how the bytes were cut cannot matter
to them. httptools and h11 are second opinions in the tests.
"""
