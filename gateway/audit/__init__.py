"""Evidence: events as classes, one append-only RFC 6962 log, checkpoints, proofs and receipts.

An event is stored in the transaction of the step it tells of; a sequencer puts stored events into the tree and
signs checkpoints. An event holds attribute names and keyed references, never a value or a number of a citizen.
"""
