"""VNeID as an identity provider: `adapter` speaks its direct dialect, `envelope` fences in its encryption,
`simulator` plays it for tests, documentation and demo.
"""
