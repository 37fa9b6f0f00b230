"""What the tool makes of a file, as a text that a person can read and compare.

``python -m tests.corpus.outcomes`` writes the text beside every file of the corpus; read every line that changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from batch.commands.check import Checked, check
from batch.errors import WorkbookError
from batch.settings import Settings
from batch.trunks.change_plan import stopped_by
from batch.trunks.model import draft

FILES: Final = Path(__file__).parent / "files"
ENDING: Final = ".outcome.txt"


def workbooks() -> list[Path]:
    """Return every workbook of the corpus: files, and folders of CSV files."""
    found = [path for group in sorted(FILES.iterdir()) for path in sorted(group.iterdir())]
    return [path for path in found if not path.name.endswith(ENDING)]


def expected(workbook: Path) -> Path:
    """Return where the outcome of a file stands."""
    return workbook.with_name(workbook.name + ENDING)


def outcome(workbook: Path) -> str:
    """Check a workbook and tell what came of it: exit code, problems, notices, and what would be sent."""
    try:
        checked = check(Settings(workbook=workbook))
    except WorkbookError as error:
        message = error.message.replace(str(workbook.parent), "FOLDER")
        hint = error.hint.replace(str(workbook.parent), "FOLDER")
        return f"exit 3\nerror\n    {message}\n    {hint}\n"
    return "\n".join(_lines(checked)) + "\n"


def _lines(checked: Checked) -> Iterator[str]:
    yield f"exit {3 if checked.stops else 0}"
    for problem in checked.problems:
        kind = "problem" if problem.stops else "notice"
        value = f" {json.dumps(problem.value, ensure_ascii=False)}" if problem.value else ""
        yield f"{kind} {problem.sheet}!{problem.cell} {problem.code}{value}"
        yield f"    {problem.message}"
        yield f"    {problem.fix.replace(str(checked.settings.workbook.parent), 'FOLDER')}"
    stopped = stopped_by(checked.problems)
    for record in (one for one in checked.records.trunks if not one.gives_only):
        body = "stopped" if record.row in stopped else json.dumps(draft(record), ensure_ascii=False)
        yield f"trunk {record.label}: {body}"


if __name__ == "__main__":
    for path in workbooks():
        expected(path).write_text(outcome(path), encoding="utf-8")
