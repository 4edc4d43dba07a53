"""IAM: identity policies, their conditions, and AWS's evaluation logic, which decides on a request (facts 12.1)."""

PUBLIC_MODULES = (
    "access_request",
    "actions",
    "evaluation",
    "identity",
    "managed_policies",
    "policy",
    "policy_document",
    "policy_problems",
    "policy_size",
)
