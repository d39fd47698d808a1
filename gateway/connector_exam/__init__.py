"""The exam of a connector: 24 checks in five groups, before two people approve it (experience.md §2.5).

It reads the manifest, the samples and the running service, and nothing of the connector's insides. `stand_in` plays a
source that is slow, broken or hostile; `subject` asks through the connector; `sample_tree` changes one member of a
sample at a time and `influence` sees which field follows. The `checks_…` modules hold the checks, `sitting` runs them,
`report` writes what was found and `tiers` says which of the four tiers it is enough for. `pytest_contract` is the
whole exam in three lines of a department's own tests.
"""
