"""Social insurance: whether a person pays, since when, and their ten-digit number.

`manifest.toml` says how it is asked and read; there is no code but the simulator's.
"""
