"""Who is who, and how sure we are: evidence is collected elsewhere, the verdict is given here.

`match` compares a claim with the records that came back and names the different noes: no match, mismatched,
ambiguous, deceased, unavailable. `spelling` holds the rules by which two names may be one: equal rules keep a
name, review rules only make a candidate for a person to look at. `number_rules` warns where the parts of a
personal number do not fit and never refuses. `register` is what the pure check `match person` looks into.
All of it is pure: no clock, no source, no store.
"""
