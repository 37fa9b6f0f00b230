"""What is true of every workbook: sheets and columns, words in five languages, problem codes, glossary. Pure.

Nothing comes in; all that reads, understands or writes sheets builds on it.
"""
