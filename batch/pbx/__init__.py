"""The wire: a request in, a reply out. Knows nothing of sheets or trunks.

`client` is the door; `throttle`, `session` and `redaction` stand between it and `wire`, which alone sends.
"""
