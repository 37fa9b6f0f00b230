"""What each command does: settings in, a result out. Nothing here prints, and nothing knows flags.

`flow` holds the commands in the order of their steps; the other modules are those steps.
"""
