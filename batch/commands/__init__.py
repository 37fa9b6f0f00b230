"""What a command does with workbook and PBX: settings in, a result out. Nothing here prints.

`flow` holds `plan`, `apply`, `resume` and `verify` in the order of their steps; `check` and `export` are commands too,
and the other modules are steps.
"""
