"""An ``.xlsx`` package in, the same with a few parts changed out; all other parts stay byte for byte as they were.

`package` holds the parts, `book` its sheets, `sheet` the cells. Knows nothing of trunks. Whatever cannot be understood
or patched with certainty raises `Unpatchable`, and nothing is written then.
"""
