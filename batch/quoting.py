"""Quoting: paths and names as they are typed on this machine's command line."""

from __future__ import annotations

import os
import re
import shlex


def quoted(word: object) -> str:
    """Write a path or a name as it is typed."""
    text = str(word)
    if os.name != "nt":
        return shlex.quote(text)
    return f'"{text}"' if re.search(r"[\s&^()|<>;,=%!]", text) else text
