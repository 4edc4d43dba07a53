"""Commands on a project's folder: its first configuration, and the folder built and served."""
