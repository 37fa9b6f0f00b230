"""One run: a plan in, what the PBX holds afterwards out, with an account of every row.

`worker_pool` hands each change to the `trunk_writer`, which sends through the `retrying_client`, where all wait for a
PBX that is away. Every write is in the `journal` before it leaves. `retries` decides what a reply is worth. Only
`journal`, `journal_reader`, `folders`, `locks` and `run_status` touch files.
"""
