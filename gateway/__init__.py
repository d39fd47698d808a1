"""Gate06: the identity-linked e-services gateway of a province under Project 06.

The floors of the house, from the ground up (the import contracts in pyproject.toml enforce them):
vocabulary, then audit, policy and tokens, then the runtime of connectors, consent, identity providers and
staff, then assurance, then the OpenID provider, prefill and dossiers, then pages and storage, then settings,
application and the command. A folder uses lower floors only; folders of one floor do not know each other and
meet in `application.py` through the protocols that they declare.
"""
