"""Forms that arrive filled, each value with its source, and a manifest against which a submitted form is checked.

`endpoints` parses and renders; `fill` owns the order of a form: plan, permit, evidence stored, sources asked,
assembled, evidence stored, given out. `preview` walks the same road for the notice page. `late` gives the whole
form again when a slow source has answered, `verify` compares a submitted form with its manifest. `plan`,
`assemble` and `manifest` are pure. `kept` holds what sources answered, sealed, ten minutes, with the grant.
"""
