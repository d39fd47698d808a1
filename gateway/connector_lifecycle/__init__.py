"""The life of a connector's version: draft, tested, submitted, approved by two, published, suspended, retired.

`release` is one version with everything that was done to it, `steps` decides what may be done next and by whom (pure),
`lifecycle` loads, decides and commits with the event of the step. `report` reads what the exam found, `compare` tells
how two versions differ and which number the newer one needs. `standing` is what all this comes to for the calls: the
runtime asks it before every question. `impact` says who would miss a source, `figures` counts what sources answered,
`catalogue` is the list of attributes that anybody may read.
"""
