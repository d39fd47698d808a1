"""The command `gate06 NOUN VERB`: data on stdout, talk on stderr, `--json` where a program reads.

`command` joins the verbs and turns failures into exit codes, `connection` opens the stack that `--store`,
`--redis` and `--config` name. A noun is a module; a pure check (`pure_check`) reads JSON and needs no stack.
`demo` starts everything as separate programs, `citizen` walks a whole journey as a browser without scripts would.
"""
