"""A made-up option, from the help to a run that is gone on with: run by `test_recipes` on a copy of the package.

Prints one JSON object: what each command said, and where the package lies.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

import batch
from batch.cli.main import main
from batch.commands.previous_run import return_to

VARIABLE = "TRUNK_BATCH_LONGEST_PAUSE"


def said(*words: str, in_profile: str = "", in_environment: str = "") -> str:
    Path("p.toml").write_text(f"[default]\n{in_profile}", encoding="utf-8")
    os.environ[VARIABLE] = in_environment
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(list(words))
    return out.getvalue()


def story() -> dict[str, object]:
    plan = ("plan", "b.xlsx", "--practice", "--profile-file", "p.toml")
    plans = [
        said(*plan, "--longest-pause", "9", in_environment="8", in_profile="longest_pause = 7"),
        said(*plan, in_environment="8", in_profile="longest_pause = 7"),
        said(*plan, in_profile="longest_pause = 7"),
        said(*plan),
    ]
    run = json.loads(said("apply", *plan[1:], "--yes", "--json", in_profile="longest_pause = 7"))["run"]
    return {
        "help": said("plan", "--help"),
        "refused": [
            json.loads(told)["error"]["message"].removeprefix(str(Path("p.toml")))
            for told in (
                said(*plan, "--json", "--longest-pause", "61"),
                said(*plan, "--json", in_environment="x"),
                said(*plan, "--json", in_profile="longest_pause = 'x'"),
            )
        ],
        "plans": plans,
        "again": [vars_of(return_to(Path(run), flags).checked.settings) for flags in ({}, {"longest_pause": 9.0})],
        "package": batch.__file__,
    }


def vars_of(settings: batch.Settings) -> object:
    return getattr(settings, "longest_pause", None)


if __name__ == "__main__":
    print(json.dumps(story()))
