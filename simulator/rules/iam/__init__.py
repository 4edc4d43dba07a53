"""IAM: identity policies, their conditions, and the decision on a request, by AWS's evaluation logic (facts 12.1)."""

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
