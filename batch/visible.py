"""Characters that nobody sees, or that a terminal obeys, shown by their number: ``<U+001B>``.

Names and values of a PBX or a workbook may hold them: control characters, line separators, what turns the direction
of writing, what has no width. Text in any script, accents and emoji stay as they are.
"""

from __future__ import annotations

import re
from typing import Final

_JOINERS: Final = "\u200c\u200d"
_UNSEEN: Final = (
    "\\x00-\\x1f\\x7f-\\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\ud800-\udfff"
)
_NEEDED: Final = (
    # a joiner between two signs that are not ASCII: scripts and emoji are written so; and the flags of regions
    f"(?<=[^\\x00-\\x9f])[{_JOINERS}](?=[^\\x00-\\x9f])|\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f"
)
_FOUND: Final = re.compile(f"({_NEEDED})|[{_UNSEEN}{_JOINERS}]")


def visible(text: str) -> str:
    """Return a text on one line with everything in it to be seen."""
    if text.isascii() and text.isprintable():
        return text
    return _FOUND.sub(lambda found: found[1] or f"<U+{ord(found[0]):04X}>", text)
