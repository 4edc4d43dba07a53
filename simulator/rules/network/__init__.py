"""Virtual private clouds (VPCs): security groups, subnets, and the traffic that they allow (facts 10.1)."""
