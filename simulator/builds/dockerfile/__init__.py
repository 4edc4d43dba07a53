"""Images from a Dockerfile: its build context, .dockerignore, and the engine's build."""

PUBLIC_MODULES = (
    "build_context",
    "builder",
)
