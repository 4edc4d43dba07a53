"""Finds the maximum of the likelihood of a candidate."""

PUBLIC_MODULES = ("families", "refinement", "slopes", "variants")
