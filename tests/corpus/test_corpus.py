"""Every file of the corpus comes to the outcome that stands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.outcomes import ENDING, FILES, expected, outcome, workbooks


@pytest.mark.parametrize("workbook", workbooks(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_comes_to_the_outcome_beside_it(workbook: Path) -> None:
    assert outcome(workbook).splitlines() == expected(workbook).read_text(encoding="utf-8").splitlines()


def test_there_are_many_files_and_no_outcome_without_one() -> None:
    assert len(workbooks()) >= 80
    assert {expected(path) for path in workbooks()} == set(FILES.rglob(f"*{ENDING}"))
