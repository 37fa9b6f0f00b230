"""What stops a whole run.

Four things can go wrong, and are never mixed: a problem of the workbook and a reply of the PBX are values; an error of
here ends what cannot go on, and shows in `cli.main` unless a step has an answer to it; a bug is caught nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import ClassVar

from batch.wording import Meaning, meaning_of, read_texts


@cache
def exit_codes_and_errors() -> tuple[Mapping[int, Meaning], Mapping[str, Meaning]]:
    """Read what exit codes and the codes of errors mean; only who asks for it waits for that."""
    texts = read_texts(__file__)
    codes = {int(code): meaning_of(facts) for code, facts in texts["exit-codes"].items()}
    return codes, {code: meaning_of(facts) for code, facts in texts["errors"].items()}


class BatchError(Exception):
    """The command cannot go on.

    Raised anywhere; what no step has an answer to is caught in `cli.main`, which prints ``message`` and ``hint`` and
    leaves with ``exit_code``, a key of ``exit-codes`` in ``errors.toml``. A leaf builds its own
    words, so that nobody has to at the place it is raised.
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
