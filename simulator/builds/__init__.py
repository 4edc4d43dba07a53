"""From source code to a runnable application: repositories, apprunner.yaml, managed runtimes, builds and their cache.

This package is independent of services: the workload passes a `SourceDescription` and gets a `BuildArtifact`, from any
builder that implements the port (artifact.py). It is a layer above the fleet, because the processes of a build are
confined and cleaned up like those of an instance, and because a build may run in the container engine of the instances.
"""

PUBLIC_MODULES = (
    "artifact",
    "config.file",
    "config.reading",
    "dockerfile.build_context",
    "dockerfile.builder",
    "git.local_refs",
    "git.repositories",
    "local",
    "notes",
    "project.project_detection",
    "runtime_images.image_builder",
    "runtime_images.names",
    "runtime_images.recipe",
    "runtimes",
    "settings",
    "toolchain",
)
