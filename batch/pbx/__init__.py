"""The wire: JSON in, `Reply` out. Knows nothing of sheets or trunks."""
