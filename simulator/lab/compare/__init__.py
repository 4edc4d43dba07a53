"""Comparisons: candidates on the same traffic with the same seeds, their figures, notes and tables."""

PUBLIC_MODULES = (
    "backends",
    "candidates",
    "compare",
    "comparison",
    "figures",
    "guard",
    "notes",
    "page.html",
    "platform_bill",
    "prices",
    "run",
    "summary.markdown",
    "tables",
)
