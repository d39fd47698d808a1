"""Staff: who may do what at this gateway, and what two of them must agree on.

`roles` is the table of duties, `approval` the life of an act that waits for its second person; both are pure.
Signing in belongs to `openid_provider.staff_realm`, storing and doing to the commands. `simulator` plays the
province's own sign-in for officers, with the eight people of `people.toml`.
"""
