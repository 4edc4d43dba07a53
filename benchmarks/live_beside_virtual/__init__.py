"""Six situations on real processes, beside the same scenario in virtual time."""
