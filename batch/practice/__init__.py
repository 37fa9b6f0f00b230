"""A practice PBX: a real HTTP server on loopback that behaves like a P-Series box.

``state`` holds what the box knows, ``calls`` answers its API, ``faults`` breaks it by script and ``server``
puts it on a port. Nothing here imports the rest of the package, so that the two cannot share a mistake.
"""
