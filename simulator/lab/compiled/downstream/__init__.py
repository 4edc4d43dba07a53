"""Downstream resources in the compiled backend (fleet/simulated/downstream.py and connection_pool.py): one function per
rule, and the same figures in the report.
"""
