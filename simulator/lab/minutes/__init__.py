"""Figures of a simulated service minute by minute, as CloudWatch has them, on either backend."""
