"""A project's own files: its language and version, its dependency installations, a first apprunner.yaml."""
