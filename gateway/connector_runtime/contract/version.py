"""The version of the surface that connectors are written against, by the rules of Semantic Versioning.

A name that goes or changes its members is a new major version, a new name a new minor one.
"""

SURFACE = "1.5.0"
