"""The figures of a load stage that are compared."""

PUBLIC_MODULES = ("period_cpu", "statistics")
