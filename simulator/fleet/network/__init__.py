"""Enforcement of egress plans: packet filters of the kernel, and forwarders to what stands for members of a VPC.

An interface (bridge of an engine's network, or one end of a process's own) gets a table of nftables. Allowed
connections to a member are redirected to a port of this machine's end of the interface, where a proxy forwards them to
the member's target. What the plan does not let through is dropped, so that it ends in the client's time-out, as on AWS.

Everything is named after the process that made it (fleet/process/confinement/sweep.py), so that a later start removes
what a killed simulator left.
"""
