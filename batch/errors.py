"""What stops a whole run: the third of the four roads (problem, reply, error, bug)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitCode:
    """One exit code of the command line."""

    means: str
    example: str
    next_step: str


EXIT_CODES: Final[Mapping[int, ExitCode]] = {
    0: ExitCode(means="Done.", example="Every trunk is as wanted.", next_step="Nothing."),
    1: ExitCode(
        means="A fault of this tool.",
        example="A trace on stderr.",
        next_step="Report it with the trace. If it was writing, its journal has everything: trunk-batch runs, then "
        "trunk-batch resume RUN.",
    ),
    2: ExitCode(
        means="Wrong usage; also no terminal to ask on and no --yes.",
        example="A flag that there is not, a file of ours that cannot be written, a PBX that another run is at.",
        next_step="Do what the message says, then run again.",
    ),
    3: ExitCode(
        means="Problems in the workbook, or it cannot be read. Nothing was sent.",
        example="A row whose trunk is not on the sheet Trunks.",
        next_step="Correct the cells that are named (check --marked shows them in the workbook), or leave out their "
        "trunks with --skip-invalid.",
    ),
    4: ExitCode(
        means="Hazards that were not allowed, or not the expected plan. Nothing was sent.",
        example="A list would lose entries; somebody has edited the PBX since the plan with that digest.",
        next_step="Read the plan. Allow what is meant with the flag that it prints, or give its digest to --expect.",
    ),
    5: ExitCode(
        means="Finished, but some rows are not as wanted; also the PBX was lost after something was sent.",
        example="57 of 60 trunks applied, 3 refused; or verify has found differences.",
        next_step="Do what the last lines say: trunk-batch resume RUN goes on, the results say what to correct.",
    ),
    6: ExitCode(
        means="The PBX cannot be reached or refuses the sign-in. Nothing was sent.",
        example="A wrong client secret, which is sent once, since five wrong ones block this machine; a certificate "
        "that is not trusted.",
        next_step="Check address, VPN, client id and secret. Of a box that signs its own certificate, compare the "
        "fingerprint with the PBX's and give it with --fingerprint.",
    ),
    130: ExitCode(
        means="Interrupted, or the question was answered no.",
        example="Ctrl-C while trunks were being written: what was on its way was settled first.",
        next_step="If something had been sent, trunk-batch resume RUN goes on; else run again.",
    ),
}
"""What the command's exit code means. Notices never change it."""


class BatchError(Exception):
    """The command cannot go on.

    Raised anywhere, caught once, in `cli.main`, which prints ``message`` and ``hint`` and leaves with
    ``exit_code``, a key of `EXIT_CODES`. A leaf builds its own words, so that nobody has to at the place it is
    raised.
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
