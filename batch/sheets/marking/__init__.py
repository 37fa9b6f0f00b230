"""Marking: the user's workbook with what is wrong shown in its cells, and the marks taken off when it comes back."""
