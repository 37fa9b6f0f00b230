"""Changing a workbook without opening it: parts of its package are patched, all others stay as they are."""
