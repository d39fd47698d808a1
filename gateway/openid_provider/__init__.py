"""The OpenID provider: portals ask who a citizen is, and get an answer they can check.

Every endpoint walks one road: parse (no I/O), load (one round trip), decide (a pure function of request, facts
and time), commit (one atomic operation that may still say no), render. What may be asked is a list of named
checks (`authorization.py`), which of them apply to a client is a row of data (`profiles.py`), and what a grant
type does stands in one file of `grants/`. Upstream sign-in is a side road of `interaction.py`. Nothing here
knows HTTP but `endpoints.py`, nothing draws pages but `pages`, nothing fills forms but `prefill`.
"""
