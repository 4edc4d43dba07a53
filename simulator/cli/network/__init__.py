"""The `network` section of the configuration of `simulator serve`: VPCs, and the targets behind their members."""
