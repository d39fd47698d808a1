"""Business registration: the household business that stands in a person's name.

`manifest.toml` says how it is asked and read; there is no code but the simulator's.
"""
