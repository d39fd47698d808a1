"""The national portal as an identity provider: `adapter` speaks its WSO2 dialect, `simulator` plays it for tests,
documentation and demo.
"""
