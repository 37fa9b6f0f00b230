"""The telephony, pure: clean columns and live trunks in, one record, change and payload for each trunk out.

`grouping` makes records (`model`) of rows, with `values`, `numbers` and `entries` for what a cell says, and `rules`
checks them. `live` is what the PBX holds; `merge` and `diff` make of both what is wanted and what changes,
`change_plan` puts it together, with `live_checks`, which also say what may be sent.
"""
