"""The balancer beside its peers: `python -m benchmarks.balancer`; README.md says how to read it.

places      names, addresses and cores that every part agrees on
pinned      a process on one core: started, awaited, accounted for, stopped
peers       the proxies: what runs each, and how to get the ones that are missing
peer_files  their configuration files
ours        this balancer as a process of its own (`python -m benchmarks.balancer.ours`)
aiohttp_proxy  the plain Python proxy, likewise
origin      the application behind all of them
wrk         closed-loop load: cases, one measurement
latency     what a proxy adds at a fixed rate (open loop)
idle, idle_client  memory of idle TLS connections
report      tables, ratios, verdicts
"""
