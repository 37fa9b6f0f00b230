"""Damage: what a spreadsheet, a mail or a contact list did to what was typed, found cell by cell.

Three fates and no silent guess: repaired with a notice, a problem that offers what may have been meant, or a problem
because what was typed is lost.
"""
