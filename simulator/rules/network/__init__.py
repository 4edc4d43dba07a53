"""Virtual private clouds (VPCs): security groups, subnets, and what traffic they let through (facts 10.1)."""
