"""SPEC's elasticity metrics: how well a supply of instances follows the demand, and scores over several runs."""
