"""A practice PBX: a real HTTP server on loopback that behaves like a P-Series box.

``state`` holds what the box knows, ``calls`` and ``updates`` answer its API, ``faults`` breaks it by script and
``server`` puts it on a port; ``vendor`` has the vendor's tables. Nothing here imports the rest of the package, so that
the two cannot share a mistake.
"""
