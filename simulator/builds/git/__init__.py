"""Git repositories: bare clones, commits laid out, branches watched."""
