"""Upstream identity providers: `begin` sends the browser there, `complete` reads what it brings back.

All oddities of a dialect stay inside its adapter; what leaves it is an `Authentication`. Realms never mix: a
staff subject never meets a citizen subject.
"""
