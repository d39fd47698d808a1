"""The dossier store: digitised results of earlier procedures, so that nobody brings them again.

`manifest.toml` says how it is asked and read; there is no code but the simulator's.
"""
