"""What a command found in, text for people or JSON for programs out. Pure."""
