"""Plays a run again with changed settings, to tell which change would have prevented its loss."""

PUBLIC_MODULES = ("what_ifs",)
