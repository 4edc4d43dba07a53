"""The API's operations on resources, one module per resource."""

PUBLIC_MODULES = (
    "arn_lookup",
    "auto_scaling_configurations",
    "configuration_rules",
    "connections",
    "domains.custom_domains",
    "domains.domain_validation",
    "observability_configurations",
    "retention",
    "services",
    "tags",
    "vpc_connectors",
    "vpc_ingress_connections",
    "web_acl_associations",
)
