"""The parts of the README that are made from the code, between its ``<!-- made: NAME -->`` marks.

``python tests/docs/readme_parts.py`` writes them anew; the tests compare.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from batch.cli.arguments import EXIT_CODES, make_parser
from batch.pbx.error_codes import ERRCODES
from batch.runs.outcomes import ENDINGS, Ending
from batch.schema import columns
from batch.schema.glossary import GLOSSARY
from batch.writers.guides import allowed, types

README = Path(__file__).parents[2] / "README.md"
_PART = re.compile(r"(<!-- made: (?P<name>[a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def sheets() -> str:
    parts = []
    for sheet in columns.SHEETS:
        rows = []
        for column in sheet.columns:
            only = "" if column.types == columns.EVERY_TYPE else f" Only {types(column)}."
            limits = f" {allowed(column)[0].upper()}{allowed(column)[1:]}." if allowed(column) else ""
            rows.append(
                (
                    column.label + (" \\*" if column.required else ""),
                    f"`{column.field}`",
                    f"{column.help.replace('|', '&#124;')}{limits}{only}".replace("<", "&lt;").replace("\\ ", "\\\\ "),
                    f"`{column.example}`",
                )
            )
        table_text = table(("Column", "also", "What it is", "Example"), rows).replace("&#124;", "\\|")
        parts.append(f"### {sheet.title}\n\n{sheet.help}\n\n{table_text}")
    return "\n\n".join(parts)


def endings() -> str:
    rows = [(f"**{ending}**", ENDINGS[ending].means, ENDINGS[ending].next_step) for ending in Ending]
    return table(("Ending", "What it means", "What next"), rows)


def exit_codes() -> str:
    return table(("Code", "Meaning"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()])


def errcodes() -> str:
    rows = [(str(e.code), e.errmsg, e.meaning, e.next_step, e.who) for e in ERRCODES.values()]
    return table(("Errcode", "The PBX's words", "What happened", "What to do", "Who"), rows)


def commands() -> str:
    os.environ["COLUMNS"] = "100"
    parser = make_parser()
    subparsers = next(a for a in parser._actions if a.dest == "command").choices  # noqa: SLF001 - argparse shows no other way
    texts = [parser.format_help(), *(sub.format_help() for sub in dict(subparsers or {}).values())]
    return "\n\n".join(f"```text\n{text.rstrip()}\n```" for text in texts)


def glossary() -> str:
    return table(("Word", "What it means"), [(term.word.replace("<", "&lt;"), term.meaning) for term in GLOSSARY])


PARTS: dict[str, Callable[[], str]] = {
    "sheets": sheets,
    "endings": endings,
    "exit codes": exit_codes,
    "errcodes": errcodes,
    "commands": commands,
    "glossary": glossary,
}


def filled_in(text: str) -> str:
    return _PART.sub(lambda m: f"{m[1]}\n{PARTS[m['name']]()}\n\n{m[3]}", text)


if __name__ == "__main__":
    README.write_text(filled_in(README.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
