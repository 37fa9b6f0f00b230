"""Edit the SIP trunks of a Yeastar P-Series PBX from one workbook.

Everything a script needs is here; each name is imported when it is first used, so that ``import batch`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from batch.checking import Checked, check, read
    from batch.errors import BatchError
    from batch.pipeline import Exported, Planned, Report, Verified, apply, export, plan, resume, verify
    from batch.secrets import Secret
    from batch.settings import Settings

_HOMES = {
    "BatchError": "batch.errors",
    "Checked": "batch.checking",
    "Exported": "batch.pipeline",
    "Planned": "batch.pipeline",
    "Report": "batch.pipeline",
    "Secret": "batch.secrets",
    "Settings": "batch.settings",
    "Verified": "batch.pipeline",
    "apply": "batch.pipeline",
    "check": "batch.checking",
    "export": "batch.pipeline",
    "plan": "batch.pipeline",
    "read": "batch.checking",
    "resume": "batch.pipeline",
    "verify": "batch.pipeline",
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
    "export",
    "plan",
    "read",
    "resume",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
