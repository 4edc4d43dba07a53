"""A small authoritative DNS server on loopback: `zone_file` reads records, `zones` creates responses, `dns_server`
listens.

`dns_lookup` queries records for the validation of custom domains, in the server's own zones or at a resolver.
"""
