"""Compares the balancer with other proxies: `python -m benchmarks.balancer`; see README.md for the interpretation.

places      names, addresses and cores that all parts share pinned      a process on one core: started, awaited,
measured, stopped peers       the proxies: their commands, and how to install missing ones peer_files  the configuration
files of the proxies ours        this balancer as a separate process (`python -m benchmarks.balancer.ours`)
aiohttp_proxy  the plain Python proxy as a separate process origin      the application behind all proxies wrk
closed-loop load: cases, one measurement latency     the latency that a proxy adds at a fixed rate (open loop) idle,
idle_client  memory of idle TLS connections report      tables, ratios, verdicts
"""
