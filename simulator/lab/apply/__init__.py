"""How to apply a setting: the commands and files that give a real service the settings of a scenario's service."""

PUBLIC_MODULES = (
    "apply",
    "instructions",
    "service_change",
)
