"""The formats, one module for each publisher or program."""
