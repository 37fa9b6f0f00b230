"""Edit the SIP trunks of a Yeastar P-Series PBX from one workbook.

Everything a script needs is here; each name is imported when it is first used, so that ``import batch`` is quick.
"""

from __future__ import annotations

TYPE_CHECKING = False  # to import it would take most of the time until Ctrl-C is heard
if TYPE_CHECKING:
    from typing import Any

    from batch.cli.profiles import load_profile
    from batch.commands.check import Checked, check, read
    from batch.commands.confirming import confirm
    from batch.commands.export import Exported, export
    from batch.commands.flow import Planned, Report, Verified, apply, plan, resume, verify
    from batch.commands.undo import restore, undo
    from batch.errors import BatchError
    from batch.secrets import Secret
    from batch.settings import Settings

_HOMES = {
    "BatchError": "batch.errors",
    "Checked": "batch.commands.check",
    "Exported": "batch.commands.export",
    "Planned": "batch.commands.flow",
    "Report": "batch.commands.flow",
    "Secret": "batch.secrets",
    "Settings": "batch.settings",
    "Verified": "batch.commands.flow",
    "apply": "batch.commands.flow",
    "check": "batch.commands.check",
    "confirm": "batch.commands.confirming",
    "export": "batch.commands.export",
    "load_profile": "batch.cli.profiles",
    "plan": "batch.commands.flow",
    "read": "batch.commands.check",
    "restore": "batch.commands.undo",
    "resume": "batch.commands.flow",
    "undo": "batch.commands.undo",
    "verify": "batch.commands.flow",
}

__all__ = [
    "BatchError",
    "Checked",
    "Exported",
    "Planned",
    "Report",
    "Secret",
    "Settings",
    "Verified",
    "apply",
    "check",
    "confirm",
    "export",
    "load_profile",
    "plan",
    "read",
    "restore",
    "resume",
    "undo",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module  # noqa: PLC0415 - as above

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
