"""Upstream identity providers: `begin` sends the browser there, `complete` reads what it brings back.

`contract` says what a provider is, `configuration` what an operator may set, `registry` makes one of the other.
`openid_connect` is the strict generic relying party, `vneid/` the direct dialect, `national_portal/` the WSO2 dialect
(both a `national_dialect`). What they share: `callback` (state first), `exchange` (one call and its troubles), `claims`
(their words into ours), `remembered` (ages and bounds), and the `simulator_…` files that play providers.
All oddities of a dialect stay inside its adapter; what leaves it is an `Authentication`. Realms never mix: a
staff subject never meets a citizen subject.
"""
