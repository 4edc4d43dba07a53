"""From source code to what an instance runs: repositories, apprunner.yaml, managed runtimes, builds and their cache.

This package knows nothing of services: the workload passes in a `SourceDescription` and gets a `BuildArtifact`,
whichever builder implements the port (artifact.py). It is layered above the fleet because a build's processes are
confined and swept as an instance's are, and because a build may run in the container engine that instances run in.
"""

PUBLIC_MODULES = (
    "artifact",
    "config.file",
    "dockerfile.build_context",
    "dockerfile.builder",
    "git.local_refs",
    "git.repositories",
    "local",
    "notes",
    "project.project_detection",
    "runtimes",
    "settings",
    "toolchain",
)
