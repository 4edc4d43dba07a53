"""The control side of the platform: the autoscaler's loop."""
