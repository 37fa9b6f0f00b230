"""What the template says about itself, in plain words: the help sheet, the notes and the README beside the CSVs."""

from __future__ import annotations

from typing import Final

from batch.schema import columns, glossary
from batch.schema.column_model import CLEAR, EVERY_TYPE, Column, Parser, Sheet, TrunkType

GUIDE: Final = "How to fill this in"
GUIDE_LEAD: Final = (
    "This workbook changes SIP trunks on a Yeastar P-Series PBX, many at a time. You fill in the sheets "
    f"{columns.TRUNKS.title}, {columns.CALLER_IDS.title} and {columns.DIDS.title}; the program checks every cell, "
    "shows what would change, and only then changes it."
)

STEPS: Final = (
    "On the sheet Trunks, write one row for each trunk you want to change. Fill in only what shall change.",
    "If its caller IDs shall change, write them on the sheet Caller IDs, one row each.",
    "If its DID numbers shall change, write them on the sheet DIDs, one row each or as ranges.",
    "Save the file, then check it, look at the plan, and apply it (see What to run).",
)

TOPICS: Final = (
    (
        "An empty cell",
        "leaves that setting on the PBX exactly as it is. A sheet without rows leaves that list as it is.",
    ),
    (
        CLEAR,
        (
            "typed into a cell empties the setting on the PBX. The table below says where that is possible. As a "
            "trunk's only DID or Caller ID it empties the whole list."
        ),
    ),
    (
        "Which trunk is meant",
        (
            "The Trunk ID, if there is one; otherwise the Name, exactly as the PBX shows it. With a Trunk ID, the Name "
            "is the name the trunk shall have. On the other two sheets, the column Trunk repeats the Trunk ID or "
            "the Name from the sheet Trunks."
        ),
    ),
    (
        "Modes",
        (
            "replace: the rows here become the trunk's whole list. add: they are added to it. remove: they are taken "
            "from it. If the mode is empty, the rows replace the list, but the program stops if entries "
            "would be lost, until that is allowed."
        ),
    ),
    (
        "Ranges of DIDs",
        (
            "442079460100-442079460199, or shorter 442079460100-199, stands for all hundred numbers. The plan shows "
            "them one by one."
        ),
    ),
    (
        "Extensions and groups",
        (
            "Several go into one cell, with commas between: 1001, 1002. Consecutive numbers for consecutive extensions "
            "have the option range and the column Extension range: 1001-1010."
        ),
    ),
    (
        "Zeros and plus signs",
        (
            "All cells here are text, so 0044 and +44 stay as you type them. If you paste, choose Paste special, "
            "Values only, so that it stays so."
        ),
    ),
    (
        "Passwords",
        (
            "Better than a password: env:NAME (a setting of the computer that runs the program) or file:PATH (a file "
            "that holds only the password); whoever runs it allows such names with --secrets-from. What you type here "
            "can be read by everybody who gets this file."
        ),
    ),
    (
        "Leave a trunk out",
        "Type skip into its Action. Its rows stay here and nothing happens to it.",
    ),
    (
        "Your own columns",
        "are welcome, to the right of ours. They come back untouched. Rows and columns may be in any order.",
    ),
)

COLOUR_MEANINGS: Final = (
    ("Column name *", "required", "must be filled in every row of that sheet"),
    ("Column name", "header", "may stay empty; rest the mouse on it to read what it is"),
)

COMMANDS: Final = (
    ("trunk-batch check trunks.xlsx", "finds everything that is wrong, cell by cell. It contacts no PBX."),
    ("trunk-batch plan trunks.xlsx", "reads the PBX and shows what would change. It changes nothing."),
    ("trunk-batch apply trunks.xlsx", "shows the plan, asks, changes it, and writes trunks-results.xlsx."),
)
COMMANDS_NOTE: Final = (
    "With --practice after it, each command runs against a make-believe PBX, so you can try everything first. "
    "In trunks-results.xlsx every row says what became of it and what to do next. "
    f"The sheet {glossary.GLOSSARY_SHEET} says what the words mean."
)

_NOT_IN_EXAMPLE: Final = frozenset({"outbound_proxy_server", "outbound_proxy_port", "outbound_cid_to_ext_range"})
"""Columns that do not go together with the examples of their neighbours."""


def header(column: Column) -> str:
    """Return the header cell's text; a required column is marked."""
    return f"{column.label} *" if column.required else column.label


def example_row(sheet: Sheet) -> list[str]:
    """Return one filled row that makes sense as a whole."""
    return ["" if column.field in _NOT_IN_EXAMPLE else column.example for column in sheet.columns]


def allowed(column: Column) -> str:
    """Return what may stand in the column, in words; empty where anything may."""
    words = []
    if column.choices:
        words.append(f"one of: {', '.join(column.choices)}")
    elif column.parser is Parser.NUMBER:
        words.append(f"a whole number up to {column.limit}" if column.limit else "a whole number")
    elif column.parser is Parser.LABEL:
        words.append(f"up to {column.limit} characters (accented letters count as two or more)")
    elif column.limit:
        words.append(f"up to {column.limit} characters")
    if column.clearable:
        words.append(f"{CLEAR} empties it")
    return "; ".join(words)


def types(column: Column) -> str:
    """Return which trunk types have the column, in words."""
    return ", ".join(kind for kind in TrunkType if kind in column.types)


def note(column: Column) -> str:
    """Return the note on a header: what it is, what may stand in it, which trunks have it, an example."""
    lines = [column.help]
    if column.required:
        lines.append("Must be filled in every row.")
    if allowed(column):
        lines.append(f"Allowed: {allowed(column)}.")
    if column.types != EVERY_TYPE:
        lines.append(f"Only for trunks of type {types(column)}.")
    lines.append(f"Example: {column.example}")
    return "\n".join(lines)


def csv_readme() -> str:
    """Return the text that lies beside the CSV files."""
    lines = [GUIDE, "=" * len(GUIDE), "", GUIDE_LEAD, ""]
    lines += [
        "Here each sheet is a file that Excel and LibreOffice open: "
        + ", ".join(f"{sheet.csv} is {sheet.title}" for sheet in columns.SHEETS)
        + ". Keep the names of the files and of the columns. Save as CSV UTF-8.",
        (
            "Excel turns 0044 into 44 and +44 into 44 when it opens a CSV. If you can, use the template "
            "trunks.xlsx, where that cannot happen."
        ),
        "",
    ]
    lines += [f"{number}. {step}" for number, step in enumerate(STEPS, 1)]
    lines += ["", "Good to know", "------------", ""]
    lines += [f"{topic}: {words}" for topic, words in TOPICS]
    lines += ["", "What to run", "-----------", ""]
    lines += [f"{command.replace('trunks.xlsx', 'FOLDER')}   {words}" for command, words in COMMANDS[:2]]
    lines += ["trunk-batch apply FOLDER   shows the plan, asks, changes it, and writes the results beside FOLDER."]
    for sheet in columns.SHEETS:
        lines += ["", f"{sheet.csv}: {sheet.help}", ""]
        for column in sheet.columns:
            words = f" Allowed: {allowed(column)}." if allowed(column) else ""
            must = " Must be filled." if column.required else ""
            lines.append(f"  {column.label}: {column.help}{must}{words} Example: {column.example}")
    lines += ["", glossary.GLOSSARY_SHEET, "-" * len(glossary.GLOSSARY_SHEET), "", glossary.GLOSSARY_LEAD, ""]
    lines += [f"{term.word}: {term.meaning}" for term in glossary.GLOSSARY]
    return "\r\n".join([*lines, ""])
