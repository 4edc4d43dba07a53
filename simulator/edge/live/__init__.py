"""The live front: both listeners, the gateway between them, their certificates and settings."""
