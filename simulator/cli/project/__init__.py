"""Commands on a project's folder: write its first configuration; build and serve it."""
