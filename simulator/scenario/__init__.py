"""A scenario: from a file to a checked value. Knows no platform and no event loop."""
