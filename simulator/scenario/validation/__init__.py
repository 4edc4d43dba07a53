"""What must hold between sections, defaults, and errors in the words of the file."""

PUBLIC_MODULES = (
    "cross_field_rules",
    "defaults",
    "error_messages",
)
