"""From source code to what an instance runs: repositories, apprunner.yaml, managed runtimes, builds and their cache.

Knows nothing of services: the workload hands in a `SourceDescription` and gets a `BuiltApplication`, whichever builder
stands behind the port (built.py). It stands above the fleet, because a build's processes are confined and swept as an
instance's are, and because it may run in the container engine that instances run in.
"""
