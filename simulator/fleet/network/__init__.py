"""Enforcement of egress plans: packet filters, and proxies to the targets that represent members of a VPC.

Each interface (the bridge of an engine's network, or this machine's end of a process's own network) has an nftables
table. An allowed connection to a member is redirected to a port on this machine's end of the interface, where a proxy
forwards it to the member's target. Packets that the plan does not allow are dropped, so the client's connection times
out, as on AWS.

All tables are named after the process that created them (fleet/process/confinement/sweep.py), so that a later start can
remove those of a simulator that was killed.
"""
