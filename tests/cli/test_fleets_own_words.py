"""A workbook for many PBXs in somebody's own words: what a columns file says is the run's from then on."""

from __future__ import annotations

from pathlib import Path

from tests.cli.shell import Shell, rows_of, write_book

ROWS = [("Filiale", "Leitung", "Server"), ("berlin", "Main", "new.example"), ("paris", "Main", "new.example")]
COLUMNS = """
[Trunks]
sheet = "Trunks"
[Trunks.columns]
PBX = "Filiale"
Name = "Leitung"
Hostname = "Server"
"""


def test_a_run_is_gone_on_with_by_its_own_copy_of_the_columns_file(shell: Shell, tmp_path: Path) -> None:
    book, columns = write_book(tmp_path / "book.xlsx", ROWS), tmp_path / "columns.toml"
    columns.write_text(COLUMNS)
    flags = ("--practice", "--settle-wait", 0)
    assert shell("apply", book, "--columns", columns, "--yes", *flags).code == 0
    columns.unlink()
    (run,) = (tmp_path / "book.runs").iterdir()
    assert shell("verify", run).code == 0
    results = rows_of(tmp_path / "book-PRACTICE-results.xlsx", "Trunks")
    assert [row[results[0].index("Result")] for row in results[1:]] == ["applied", "applied"]
    (run / "columns.toml").write_text(COLUMNS.replace("Server", "Filiale"))
    assert "columns file, is not what it was" in shell("verify", run).err
