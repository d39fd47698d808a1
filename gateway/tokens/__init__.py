"""Tokens: what is signed, what is opaque, and the keys behind both.

`jose` verifies and signs through named policies (joserfc is imported in this folder only), `key_material` knows
what a good key is, `keys` keeps the ring of signing keys (publish, use, retire), `issue` builds the claims of ID
tokens and access tokens, mints opaque tokens and derives pairwise subjects.
"""
