"""The wire: a request in, a reply out. Imports nothing of sheets or trunks.

`session` gets a token and sends through `wire`, which waits in the `throttle` for its turn, opens a
socket in `connections` and takes secrets out of what comes back (`redaction`).
"""
