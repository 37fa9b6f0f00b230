"""Make all files of the corpus anew: ``python -m tests.corpus.making``. Needs LibreOffice; the tests do not."""

from __future__ import annotations

from pathlib import Path

from tests.corpus.making import csvs, field, numbers, programs, structures

FILES = Path(__file__).parents[1] / "files"

for made in (numbers, structures, csvs, programs, field):
    folder = FILES / made.__name__.rpartition(".")[2]
    folder.mkdir(parents=True, exist_ok=True)
    made.make(folder)
