"""What stops a whole run.

Four things can go wrong, and are never mixed: a problem of the workbook and a reply of the PBX are values; an error of
here ends the run and is caught once, in `cli.main`; a bug is caught nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from batch.wording import Meaning, Who

EXIT_CODES: Final[Mapping[int, Meaning]] = {
    0: Meaning(means="Done.", example="Every trunk is as wanted.", next_step="Nothing."),
    1: Meaning(
        means="A fault of this tool.",
        example="A trace on stderr.",
        next_step="Report it with the trace. If it was writing, its journal has everything: trunk-batch runs, then "
        "trunk-batch resume RUN.",
    ),
    2: Meaning(
        means="Wrong usage; also no terminal to ask on and no --yes.",
        example="A flag that there is not, a file of ours that cannot be written, a PBX that another run is at.",
        next_step="Do what the message says, then run again.",
    ),
    3: Meaning(
        means="Problems in the workbook, or it cannot be read. Nothing was sent.",
        example="A row whose trunk is not on the sheet Trunks.",
        next_step="Correct the cells that are named (check --marked shows them in the workbook), or leave out their "
        "trunks with --skip-invalid.",
    ),
    4: Meaning(
        means="Hazards that were not allowed, or not the expected plan. Nothing was sent.",
        example="A list would lose entries; somebody has edited the PBX since the plan with that digest.",
        next_step="Read the plan. Allow what is meant with the flag that it prints, or give its digest to --expect.",
    ),
    5: Meaning(
        means="Finished, but some rows are not as wanted; also the PBX was lost after something was sent.",
        example="57 of 60 trunks applied, 3 refused; or verify has found differences.",
        next_step="Do what the last lines say: trunk-batch resume RUN goes on, the results say what to correct.",
    ),
    6: Meaning(
        means="The PBX cannot be reached or refuses the sign-in. Nothing was sent.",
        example="A wrong client secret, which is sent once, since five wrong ones block this machine; a certificate "
        "that is not trusted.",
        next_step="Check address, VPN, client id and secret. Of a box that signs its own certificate, compare the "
        "fingerprint with the PBX's and give it with --fingerprint.",
    ),
    130: Meaning(
        means="Interrupted, or the question was answered no.",
        example="Ctrl-C while trunks were being written: what was on its way was settled first.",
        next_step="If something had been sent, trunk-batch resume RUN goes on; else run again.",
    ),
}
"""What the command's exit code means. Notices never change it."""

ERROR_MEANINGS: Final[Mapping[str, Meaning]] = {
    "usage": Meaning(
        means="Flags, environment, profile or files do not fit together.",
        example="apply without --yes where there is no terminal to ask on.",
        next_step="Do what the hint says; --help shows what there is.",
    ),
    "cannot-write": Meaning(
        means="A file or folder of ours cannot be written.",
        example="The disk is full, or the file is open in Excel on Windows.",
        next_step="Close the file, make room or name another place, then run again.",
    ),
    "busy": Meaning(
        means="Another command is at work on this PBX or this run; one at a time may write.",
        example="apply in one terminal while a colleague's resume runs in another one of the same user.",
        next_step="Wait until it has ended; trunk-batch status says how far it is. There is no lock file to delete.",
    ),
    "pbx-unreachable": Meaning(
        means="Nothing that answers like a P-Series PBX is at this address, or its certificate is not trusted.",
        example="The VPN is down; the box signs its own certificate.",
        next_step="Check address, port and VPN. Compare the fingerprint of a certificate with the one in the PBX, then "
        "give it with --fingerprint.",
    ),
    "sign-in-refused": Meaning(
        means="Client id or client secret are wrong. The secret was sent once; five wrong ones block this machine.",
        example="A secret that was made anew in the PBX.",
        next_step="Copy both again from the PBX: Integrations > API.",
    ),
    "address-blocked": Meaning(
        means="The PBX has blocked this machine's address after failed sign-ins (70004).",
        example="Five sign-ins with a wrong client secret.",
        next_step="Wait ten minutes, or lift the block in the PBX: Security > Blocked IPs.",
        who=Who.ADMINISTRATOR,
    ),
    "tokens-exhausted": Meaning(
        means="All eight access tokens of this API client are out, and none came free in time (60002).",
        example="Other programs use the same client, or earlier runs were killed and could not give theirs back.",
        next_step="Wait: a token ends after 30 minutes. Give this program an API client of its own.",
    ),
    "pbx-unusable": Meaning(
        means="The PBX answers, and its API cannot be used.",
        example="The API is switched off, or forbids this client what it needs.",
        next_step="Do what the hint says on the PBX: Integrations > API.",
        who=Who.ADMINISTRATOR,
    ),
    "interrupted": Meaning(
        means="Stopped by Ctrl-C, a closed window or a shutdown: nothing was sent, or there are no results yet.",
        example="Ctrl-C while the PBX was being read; a second Ctrl-C while trunks were being written.",
        next_step="If something had been sent, trunk-batch resume RUN goes on; else run again.",
    ),
    "declined": Meaning(
        means="The question was answered with something else than yes. Nothing was sent.",
        example="Return at the question of apply.",
        next_step="Run again when you are ready.",
    ),
    "totals-differ": Meaning(
        means="The endings do not add up to the rows that were read: a fault of this tool.",
        example="A row with no ending.",
        next_step="Trust only the run's journal, and ask for help with its folder.",
    ),
    "crash": Meaning(
        means="A fault of this tool; the trace is on stderr.",
        example="Anything that nobody has thought of.",
        next_step="Report it with the trace. If it was writing: trunk-batch runs, then trunk-batch resume RUN.",
    ),
}
"""What the codes of errors in ``--json`` mean; ``not-readable`` is a problem as well."""


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
