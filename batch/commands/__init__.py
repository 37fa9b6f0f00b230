"""What each command does, from settings to a result that can be told. No printing and no parsing of flags.

`flow` holds the commands in the order of their steps; the other modules are those steps.
"""
