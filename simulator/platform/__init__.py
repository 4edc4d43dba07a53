"""A platform of running services: revisions, deployments, and the workload behind the API's operations.

It runs on either clock: its drivers and its load balancer are passed to it (assembly/composition.py).
"""

PUBLIC_MODULES = (
    "applications",
    "branch_trees",
    "deployments.blue_green",
    "deployments.staged",
    "faults.live_faults",
    "faults.service_faults",
    "image_watch",
    "platform",
    "pulled_images",
    "revision",
    "scaling.live_shadows",
    "scaling.policy_choice",
    "scaling.policy_reload",
    "scaling.shadow",
    "service_network",
    "service_workload",
    "source_service",
    "stored_copies.stored_copies",
)
