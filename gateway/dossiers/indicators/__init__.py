"""The indicators of Decision 766, computed and never written: formulas as data, counts that add up, figures that open.

`rules` and `rule_files` read `policies/indicators/<id>.toml`; `words` is the closed vocabulary of its conditions and
`expression` reads them. `course` says when a dossier ended and since when it is late, `profile` turns it into the one
cell in which it counts, `counters` into what that adds, and `tally` adds up. `compute` makes the figures of a unit and
a period out of a tally, listed procedures and feedback (`facts`, `bits`), asking every formula the same way (`judge`);
`points` rounds, `lineage` says whom a unit counts for. `report` is what comes out, and `opened` shows what stands
behind a figure, down to the codes of the dossiers.

Everything here is pure: the present, the units and the calendar are handed in.
"""
