"""The words of the trade and of this tool, one plain sentence each; to some `explain` has more to say."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

GLOSSARY_SHEET: Final = "Glossary"
GLOSSARY_LEAD: Final = "What the words mean, in this workbook, in the program's messages and in the results."

_TABLES: Final = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

ENDING_TERMS: Final[Mapping[str, str]] = _TABLES["endings"]
"""The ten endings that a row can have."""

DETAILS: Final[Mapping[str, str]] = _TABLES["more"]
"""What else there is to know about some words."""

GLOSSARY: Final[Mapping[str, str]] = dict(
    sorted((ENDING_TERMS | _TABLES["words"]).items(), key=lambda term: term[0].casefold().strip("<"))
)
"""What each word means, in the order of the alphabet."""
