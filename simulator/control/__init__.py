"""The control side of the platform: the autoscaler's loop, and the control-plane API with its store."""
