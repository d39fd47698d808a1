"""How sources are asked: the runtime owns deadline, address policy, redaction and outcome; a connector only maps.

`registry` finds connectors through entry points, reads their `manifest`, gives each its equipment from
`configuration` and asks them side by side. `call` keeps one call inside its deadline, follows a late answer and
counts on `breaker`. `outbound` is the only way out; `addresses` judges the final socket address of every
connection. `transports` know the buses. `failure` says why a field has no value. `contract` is all that a
connector's author sees.
"""
