"""A small authoritative DNS on loopback: `zone_file` reads records, `zones` answers, `dns_server` listens.

`dns_lookup` is the other side: how the validation of custom domains looks records up, here or at a resolver.
"""
