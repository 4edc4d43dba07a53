"""The HTTP interface of the control-plane API: AWS JSON 1.0, schema and signatures, for unmodified clients."""

PUBLIC_MODULES = (
    "access_keys",
    "admin",
    "api_listener",
    "authentication",
    "calls",
    "endpoint",
    "role_sessions",
    "service_model",
)
