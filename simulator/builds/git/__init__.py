"""Git repositories: bare clones, checked-out commits, watched branches."""
