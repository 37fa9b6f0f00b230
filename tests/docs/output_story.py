"""A made-up output of results, from its flag to the report: run by `test_recipes` on a copy of the package.

Prints one JSON object: what each command said, and where the package lies.
"""

from __future__ import annotations

import json

import batch
from tests.docs.option_story import said


def story() -> dict[str, object]:
    words = ("apply", "b.xlsx", "--practice", "--yes")
    return {
        "refused": json.loads(said(*words, "--json", "--endings", "notes.txt"))["error"]["message"],
        "text": said(*words, "--endings", "endings.txt", "--run-dir", "one"),
        "json": json.loads(said(*words, "--json", "--endings", "again.txt", "--run-dir", "two")),
        "package": batch.__file__,
    }


if __name__ == "__main__":
    print(json.dumps(story()))
