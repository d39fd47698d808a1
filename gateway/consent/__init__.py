"""What a citizen was told, agreed to, and has a say in. A notice is not a consent: where the law is the basis the page
informs, and what is remembered is that it was seen (`notice`).

Where consent is the basis, `record` is one answer to one page, kept after ISO/IEC TS 27560 and never altered but by
what happens to it; `grant` turns an answer into the changes of its commit; `parties` binds the two persons of one
dossier; `withdraw` ends a consent at once on every node; `receipt` is what the person keeps of it.

`access_history` puts the log's events into a person's words; `portal_block`, `misuse_report` and `sign_in_notice` are
what a person does about them: close a portal to themselves, report a misuse, be told of sign-ins.
"""
