"""A workbook with a made-up column, from template to export: run by `test_recipes` on a copy of the package.

Prints one JSON object: what each command said, what the PBX was sent, and where the package lies.
"""

from __future__ import annotations

import contextlib
import io
import json
import os

import batch
from batch.cli.main import main
from batch.practice.server import running
from batch.practice.state import from_json
from batch.schema.column_model import TrunkType
from batch.trunks.live_checks import refusals

SECRET = "Sample-client-secret"
TRUNKS = [
    {"id": 1, "name": "London", "type": "register", "hostname": "sip.carrier.example", "max_channels": 10},
    {"id": 2, "name": "Desk", "type": "account"},
]


def said(*words: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(list(words))
    return out.getvalue()


def story() -> dict[str, object]:
    os.environ["TRUNK_BATCH_CLIENT_SECRET"] = SECRET
    state = from_json({"trunks": TRUNKS, "settings": {"client_id": "script", "client_secret": SECRET}})
    with running(state) as served:
        flags = ("--url", served.url, "--client-id", "script", "--rate", "1000")
        return {
            "template": said("template", "-o", "template.xlsx"),
            "explain": said("explain", "Max channels"),
            "check": json.loads(said("check", "wrong.xlsx", "--json")),
            "plan": said("plan", "right.xlsx", *flags),
            "apply": said("apply", "right.xlsx", "--yes", "--settle-wait", "0", *flags),
            "export": said("export", "-o", "pbx.xlsx", *flags),
            "refused": [
                *refusals(TrunkType.REGISTER, {"id": 1, "max_channels": 101}),
                *refusals(TrunkType.ACCOUNT, {"id": 2, "max_channels": 5}),
            ],
            "sent": [request.body for request in served.requests if request.call == "trunk/update"],
            "package": batch.__file__,
        }


if __name__ == "__main__":
    print(json.dumps(story()))
