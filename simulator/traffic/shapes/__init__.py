"""Shapes of traffic: rate curves, and when each request of an open source is sent."""
