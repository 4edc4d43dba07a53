"""The `network` section of the configuration of `simulator serve`: VPCs and what stands for their members."""
