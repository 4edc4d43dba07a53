"""Images of the managed runtimes, made from base images that the user names (facts 6.3, 6.4, 6.6)."""
