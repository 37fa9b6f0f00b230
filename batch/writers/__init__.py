"""Values in, files for people out: workbooks, CSV folders, printable pages; the user's own workbook given back.

Whatever is written lies there whole or not at all (`atomic`), and never over somebody else's work.
"""
