"""Scaling of the services of a live platform: the acting policy, and shadow policies."""
