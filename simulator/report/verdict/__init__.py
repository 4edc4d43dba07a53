"""The verdict of a run: which requests were lost or slow, when, and why, in one or two sentences."""

PUBLIC_MODULES = ("clauses", "evidence", "part", "service_facts", "verdict")
