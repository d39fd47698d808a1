"""From a source's answer to outcomes, without code of the source's own: a field table, compiled once.

`path` reads where a value stands, `tree` finds it in JSON, XML or a row, `transforms` and `readers` make one value of
it, `expression` is the way out where a path cannot say it, `field_table` runs all of it for one record. `template`
is the other direction: it writes the question, and every value is escaped for where it stands.
"""
