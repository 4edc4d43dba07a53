"""Images from a Dockerfile: build context, .dockerignore, the engine's build."""
