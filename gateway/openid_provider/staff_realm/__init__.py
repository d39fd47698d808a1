"""The staff realm: officers and operators sign in here, on a road of their own.

Sessions, accounts, subjects and tokens are of kinds, cookies and prefixes that the citizens' road never reads, and
none of theirs is read here; both roads share what belongs to nobody: the attempt of a browser, the checks on a
request, the token endpoint's recipe. A desk's software signs officers in by the code flow (`interaction`), the command
`gate06` by the device grant of RFC 8628 (`device`, `grants`).
"""
