"""Fits a scalability law to throughputs that were measured at several loads, with intervals."""
