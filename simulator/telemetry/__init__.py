"""Exporters of a platform's figures and logs, for tools that people run already: Prometheus and the like.

They read records and never touch a request. What they send goes to addresses that somebody has set, nowhere else.
"""
