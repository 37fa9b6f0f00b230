"""Make the samples' workbooks and PBXs anew: ``python -m samples.make [FOLDER]``, from the repository's root.

What each story is expected to give is in its folder ``expect/``, and is made by the tests that compare with it:
``pytest tests/flows --update-expectations``. Read every line that changes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from samples.making import carrier_cutover, csv_from_a_colleague, did_reassignment, fleet, mistakes, number_moves

STORIES = {
    "carrier-cutover": carrier_cutover.make,
    "did-reassignment": did_reassignment.make,
    "mistakes": mistakes.make,
    "csv-from-a-colleague": csv_from_a_colleague.make,
    "number-moves": number_moves.make,
    "fleet": fleet.make,
}


def make_samples(folder: Path) -> None:
    """Write all stories below a folder."""
    for name, make in STORIES.items():
        make(folder / name)


if __name__ == "__main__":
    make_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
