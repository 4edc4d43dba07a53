"""Commands that serve: App Runner's API, a project's folder, and what belongs to them."""
