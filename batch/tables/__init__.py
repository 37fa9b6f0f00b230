"""Cells in, clean columns out: where the header is, what a column means, what its cells say. Pure.

What a spreadsheet did to a value is put right with a notice, or is a problem with its cell. Nothing is dropped.
"""
