"""Rules between sections, defaults, and error messages that use the keys of the file."""

PUBLIC_MODULES = (
    "cross_field_rules",
    "defaults",
    "error_messages",
)
