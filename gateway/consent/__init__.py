"""What a citizen was told, and what they agreed to. A notice is not a consent: where the law is the basis the page
informs, and what is remembered is that it was seen (`notice`).

Where consent is the basis, `record` is one answer to one page, kept after ISO/IEC TS 27560 and never altered but by
what happens to it; `grant` turns an answer into the changes of its commit; `parties` binds the two persons of one
dossier; `withdraw` ends a consent at once on every node; `receipt` is what the person keeps of it.
"""
