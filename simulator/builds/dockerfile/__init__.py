"""Images from a Dockerfile: build context, .dockerignore, the engine's build."""

PUBLIC_MODULES = (
    "build_context",
    "builder",
)
