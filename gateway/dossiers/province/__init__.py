"""An invented province's dossiers, for trials: as many as wanted, the same ones for the same seed, octet for octet.

`mix` is what they are made of, as data (`*.toml` beside it): counts by level and channel, procedures, feedback. `draw`
deals exactly those counts out at random. `life` is one dossier from filing to result, `lives` deals them, `tell` puts
them into CloudEvents, `beside` into what is known beside dossiers. Nobody in it exists: owners' numbers begin with 999.
"""
