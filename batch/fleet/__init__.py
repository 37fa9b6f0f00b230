"""A fleet: many PBXs from one workbook, wave after wave, each by an ordinary run of its own.

A PBX's part of the workbook is carried out by the commands for one PBX, in a process of its own or by a worker near it;
what stands above them is here.
"""
