"""`python -m simulator` is the console script."""

from simulator.cli import main

main()
