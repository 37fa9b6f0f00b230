"""How the samples are made: one module per story, one for the files."""
