"""SPEC's elasticity metrics: how well a supply of instances followed the demand, scores over several runs."""
