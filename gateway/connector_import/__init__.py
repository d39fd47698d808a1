"""A department's own description of its service (OpenAPI, WSDL) becomes a connector's folder that a person confirms.

`description` and `xsd` read files and nothing else: no network, no document types, sizes capped. `openapi`, `wsdl` and
`xsd` make a `Draft` of what the description says, in which a tree of `Node` is the answer; `guess` proposes inputs,
types and formats by names, formats and examples; `folder` writes manifest, catalogue and samples. Every guess is marked
in the manifest by a comment that begins with `confirm:`, and the command lists them by file and line.
"""
