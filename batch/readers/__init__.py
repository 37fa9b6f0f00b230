"""A file of any kind in, its cells out: each where it stood and as what it stood.

A module for each kind of file; `detect` is the door to them. Reads files and writes none.
"""
