"""How the services of a live platform scale: the policy that acts, and those that are only evaluated beside it."""
