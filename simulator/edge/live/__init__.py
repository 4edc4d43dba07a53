"""The live front: both listeners, the gateway that they use, their certificates and settings."""
