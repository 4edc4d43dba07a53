"""Shapes of traffic: rate curves, and the send times of the requests of open sources."""
