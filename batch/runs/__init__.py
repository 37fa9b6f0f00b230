"""One run: from a plan to what the PBX holds afterwards, with an account of every row."""
