"""The control side of the platform: the autoscaler's loop, and the control-plane API with its store."""

PUBLIC_MODULES = (
    "api_context",
    "audit",
    "domain_checks",
    "operations.image_pushes",
    "operations.service_events",
    "operations.simulated_workload",
    "operations.time_profile",
    "operations.workload",
    "principal",
    "rejections",
    "service_api",
    "state.log_entries",
    "state.registry",
    "state.serialization",
    "state.state_file",
    "state.store",
    "state.store_file",
    "state.store_lock",
    "wall_clock",
    "web_acl_files",
)
