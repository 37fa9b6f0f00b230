"""What stops a whole run: the third of the four roads (problem, reply, error, bug)."""

from __future__ import annotations

from typing import ClassVar


class BatchError(Exception):
    """The command cannot go on.

    Raised anywhere, caught once, in `cli.main`, which prints ``message`` and ``hint`` and leaves with
    ``exit_code`` (design: 2 usage, 3 workbook, 4 hazards or digest, 5 lost after something was sent, 6 PBX
    unreachable or sign-in refused, 130 interrupted). A leaf builds its own words, so that nobody has to at the place
    it is raised.
    """

    exit_code: ClassVar[int] = 2
    code: ClassVar[str] = "usage"

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        """What happened, in one sentence, with no secret in it."""
        self.hint = hint
        """What to do about it."""


class UsageError(BatchError):
    """Flags, environment, profile or a folder that do not fit together (exit 2)."""


class OutputError(BatchError):
    """A file or folder of ours that cannot be written (exit 2)."""

    code = "cannot-write"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"Cannot write {path}: {reason}.",
            "Close the file if it is open elsewhere, or name another place.",
        )


class Interrupted(BatchError):
    """Stopped by Ctrl-C or a polite signal (exit 130)."""

    exit_code = 130
    code = "interrupted"


class WorkbookError(BatchError):
    """The file cannot be read as a workbook at all (exit 3)."""

    exit_code = 3
    code = "not-readable"


class PbxError(BatchError):
    """The PBX cannot be used (exit 6; 5 once something was sent)."""

    exit_code = 6
    code = "pbx-unusable"


class PbxUnreachable(PbxError):
    """Nothing that answers like a P-Series PBX at this address."""

    code = "pbx-unreachable"


class SignInRefused(PbxError):
    """Client id or secret are wrong; the secret is not sent a second time."""

    code = "sign-in-refused"


class AddressBlocked(PbxError):
    """The PBX has blocked this machine's address after failed sign-ins (70004)."""

    code = "address-blocked"


class TokensExhausted(PbxError):
    """All eight access tokens of this client are out (60002)."""

    code = "tokens-exhausted"
