"""Social protection: what a commune certified of a household's poverty and a person's disability.

`manifest.toml` names one view of the department's PostgreSQL; there is no code but what fills an invented one.
"""
