"""Telling: what people get to read. Pure."""
