"""Confinement, supervision and removal of process groups on this machine, for instances and for builds."""
