"""What must hold between sections, defaults, and errors in the words of the file."""
