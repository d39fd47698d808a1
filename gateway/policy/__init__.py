"""Which attribute may be told to which portal, for which procedure, and why: the release policy.

A procedure's TOML states its form; `compile` turns it into the least attribute set per relation and into Cedar
permits. Hand-written Cedar only forbids: the book permits, the house rules refuse. `bundle` reads and checks a
whole policy book once, `decide` answers in microseconds, `explain` says it in words, `matrix` writes every
answer down so that a change is reviewed as a list of cells and not as code.

Default deny; a fact that is absent refuses; an error of the engine refuses; every decision names its rules.
"""
