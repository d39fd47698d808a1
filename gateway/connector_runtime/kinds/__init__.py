"""Connectors without code: what a manifest says, made into the two methods of the contract.

`question` refuses what cannot be asked, `rest`, `soap` and `sqlview` write it, `carrier` takes it to the source and
`credential` proves who asks; `signs` tells an answer from a refusal, `record` finds the one record and checks whom it
is about, and the field table of `mapping` reads it. `build` puts them together.
"""
