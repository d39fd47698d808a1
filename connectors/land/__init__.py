"""Land: the parcel certified to a person where they live.

`manifest.toml` says how it is asked and read; there is no code but the simulator's.
"""
