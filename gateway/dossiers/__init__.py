"""Dossiers: what one-stop systems tell the province of every file, and what is known from it.

Systems send events or the national message; both become `Said` values, one thing said of one dossier at one time by
one source. Folding is a law without order: the same things said, in whatever order and however often, give the same
dossier. What cannot be taken waits as a dead letter with its reason. Units are dated, so that a series can be read
with the boundaries of then or of now.
"""
