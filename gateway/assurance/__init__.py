"""Who is who, and how sure we are: evidence is collected elsewhere, the verdict is given here.

`match` compares a claim with the records that came back and names the different noes: no match, mismatched,
ambiguous, deceased, unavailable. `match_name` says whether two spellings are one name, by rules it lists.
`number_rules` warns where the parts of a personal number do not fit; it never refuses. `level` turns the level
of an account into the `acr` of a token. All of it is pure: no clock, no source, no store.
"""
