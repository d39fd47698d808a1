"""What a department copies: one folder for each kind without code, and the toy register they are tried against.

`gate06 connector new` copies `rest`, `soap` or `sqlview` with `shared` beside it and gives it a name; `simulator`
plays an invented provincial library (`gate06 simulate toy`).
"""
