"""Ten spaces, each solved by enumeration, by `simulator tune`, by Optuna's TPE, and by random search."""
