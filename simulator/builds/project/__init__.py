"""What a project's own files say: language and version, dependency installations, a first apprunner.yaml."""
