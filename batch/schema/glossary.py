"""The words of the trade and of this tool, one plain sentence each; to some `explain` has more to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

GLOSSARY_SHEET: Final = "Glossary"
GLOSSARY_LEAD: Final = "What the words mean, in this workbook, in the program's messages and in the results."


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word and what it means."""

    word: str
    meaning: str


def _terms(**meanings: str) -> tuple[Term, ...]:
    named = (Term(word=word.replace("_", " "), meaning=meaning) for word, meaning in meanings.items())
    return tuple(sorted(named, key=lambda term: term.word.casefold()))


ENDING_TERMS: Final = _terms(
    applied="A result: this run wrote the trunk, and reading it back showed everything as wanted.",
    unchanged="A result: the PBX already held what the row asks for, so nothing was sent.",
    skipped="A result: the trunk's Action says skip, so nothing was sent.",
    invalid="A result: never sent, because there is a problem in this very row.",
    blocked="A result: never sent, because another row of the same trunk has a problem.",
    refused="A result: the PBX said no, and its code and words stand beside the row.",
    failed="A result: every attempt was used up, and the trunk still is as it was before.",
    partial="A result: reading the trunk back showed something else than was wanted.",
    unknown="A result: it was sent, and the trunk could not be read afterwards, so nobody knows yet.",
    not_run="A result: not chosen, stopped before its turn, or changed on the PBX since the plan.",
)
"""The ten endings that a row can have."""

_OTHERS: Final = (
    *_terms(
        account="A type of trunk: the other side registers with the PBX, with a user name and password.",
        apply="The command that writes to the PBX what the plan showed, after asking.",
        attempt="One sending of a request; what got no clear answer is looked at and may be sent again.",
        blank="An empty cell: it leaves the setting on the PBX exactly as it is.",
        check="The command that finds everything wrong with the workbook; it contacts no PBX.",
        codec="How speech is coded on the line; both sides of a trunk must have one in common.",
        conflict="A cell that was changed in the exported workbook and, to something else, on the PBX as well.",
        digest="The fingerprint of a plan, 32 characters: the same digest is the same plan.",
        duplicate="The same DID, caller ID or trunk a second time where it may stand only once.",
        ending="What became of a row; there are ten: applied, unchanged, skipped, invalid, blocked, refused, failed, "
        "partial, unknown and not run.",
        errcode="The number that the PBX answered with; 0 means that it took the request.",
        export="A workbook made from what the PBX holds, to be edited and applied.",
        extension="The internal number of a person or a telephone, such as 1001.",
        field="One setting of a trunk: one cell on the sheet Trunks.",
        forecast="How many requests a run will take, and how long.",
        group="Several extensions under one name; the PBX calls it an extension group.",
        hazard="Something dangerous in a plan, such as list entries that would be lost; it must be allowed by name.",
        journal="The run's own diary: every request is in it before it is sent.",
        list="All DIDs, or all caller IDs, of one trunk; the PBX only takes a list whole.",
        list_entry="One line of a list: one DID, or one caller ID with the extensions that use it.",
        live="As the PBX has it now.",
        mode="What the rows do to a trunk's list: replace it, be added to it, or be removed from it.",
        notice="Something worth knowing about the workbook; it stops nothing.",
        pattern="A number with place holders, such as 9XXX for every four-digit number that begins with 9.",
        peer="A type of trunk: both sides know each other by address, and nobody registers.",
        plan="What would change on the PBX, shown before anything is written.",
        practice_PBX="A make-believe PBX inside the program, to try everything first; no real trunk is touched.",
        problem="Something wrong in the workbook; its trunk is not sent until it is corrected.",
        profile="Where a PBX is and how to reach it, kept under a name in the file trunk-batch.toml.",
        range="Consecutive numbers in one cell, such as 442079460100-442079460199.",
        read_back="To read a trunk after writing it, and compare it with what was wanted.",
        register="A type of trunk: the PBX registers with the carrier, with a user name and password.",
        removals="The hazard that a list would lose entries that the workbook does not name.",
        results="The workbook given back, with what became of every row; it can be corrected and applied again.",
        reorder="The hazard that a sorted export, or sorted results, would put a list into another order.",
        resume="The command that goes on with a run that was stopped, or that left something.",
        row="One line of a sheet below the header.",
        run="One time that a workbook is applied, with its own folder, journal and results.",
        snapshot="Each trunk as it was before the run wrote it, kept in the run's folder.",
        transport="How the messages of a trunk travel: udp, tcp, tls or dnsnaptr.",
        trunk="The line between the PBX and a carrier or another PBX.",
        verify="The command that compares the PBX with what a run wanted; it changes nothing.",
    ),
    Term(word="<clear>", meaning="Typed into a cell, it empties the setting on the PBX; a blank cell does not."),
    Term(word="<hidden>", meaning="Stands for a password that is not shown; left as it is, it counts as a blank cell."),
    Term(word="<type again>", meaning="Stands for a password that must be typed again before the row can be sent."),
    Term(word="caller ID", meaning="The number that the other side sees when somebody calls out."),
    Term(word="carrier", meaning="The company that connects the PBX with the telephone network."),
    Term(word="DID", meaning="A number that people outside can dial to reach the PBX over a trunk."),
    Term(word="PBX", meaning="The company's telephone system; here a Yeastar P-Series."),
    Term(word="Trunk ID", meaning="The number by which the PBX knows a trunk, whatever its name is."),
    Term(
        word="unknown-keys", meaning="The hazard that a list to be rewritten holds something this program cannot say."
    ),
    Term(word="long-numbers", meaning="What allows DIDs and caller IDs of more than 15 digits."),
    Term(word="unread-lists", meaning="The hazard that a list to be replaced is one that the PBX does not show."),
)

DETAILS: Final[Mapping[str, str]] = {
    "<clear>": "As a trunk's only DID or Caller ID it empties the whole list.",
    "<hidden>": "Results and exports show no password. env:NAME and file:PATH come back as they were typed.",
    "<type again>": "It stands in results where the trunk is not finished, because the password was not kept.",
    "digest": "It covers the PBX, the trunks, each write in order, and the values that it replaces; apply --expect "
    "DIGEST writes nothing else.",
    "export": "A list that a workbook cannot say (the same DID twice, a DID with a dash that could be a range, a "
    "caller ID for nobody) stands on the protected sheet Read-only lists, with the reason, and stays as it is on the "
    "PBX; so does a single setting that cannot be said: its cell is blank. An export of one PBX cannot be applied to "
    "another.",
    "journal": "Whatever happens to the program, it says what was sent and what was not; resume and verify go by it.",
    "list": "So every entry that is not sent is lost: replace sends the rows, add what is there and the rows, remove "
    "what is there without them.",
    "practice PBX": "It is a real HTTP server on this machine. It starts as pbx.json beside the workbook says, else it "
    "is made up from the workbook with other settings and empty lists. It keeps its state in NAME.practice.json; "
    "delete that file to start anew, as after adding trunks. trunk-batch practice runs it as a server, with "
    "faults if you like.",
    "profile": "A file in your own settings, or named by --profile-file, counts whole; its secret_file only for its "
    "own address. One in the current folder counts if it is yours and nobody else may write it, and is named; "
    "TRUNK_BATCH_CLIENT_SECRET does not go to its address, its secret_file does not count, nor does secrets where "
    "the workbook lies there too, nor whom to trust where the address is not from the file. One anywhere else beside "
    "the workbook counts for nothing: it may have come with it.",
    "range": "In full, or with a short end as 442079460100-199, or with .., to or a long dash between. At most 10,000 "
    "DIDs or 500 caller IDs.",
    "results": "Your own workbook with eight more columns, a Summary in front and Changes behind. The eight are never "
    "read, so it may be sorted, filtered, corrected and applied again: only what is unfinished is written then. Of an "
    ".xlsm they are an .xlsx without macros; of .xls, .xlsb, .ods and CSV they hold the values only.",
    "resume": "It plans again with the run's own copy of the workbook and everything it was told, and takes up what is "
    "not run, failed or unknown. What was sent is written again only if the PBX still shows what was there before. It "
    "leaves alone what is applied, unchanged, refused, partial, invalid or blocked. It asks only where a trunk is not "
    "as it was approved; without a terminal it takes --yes. The client secret and passwords that the workbook gives "
    "as env: or file: are looked for anew. A flag counts for that once, but trunks chosen then belong to the run from "
    "then on; --allow adds to what was allowed; another PBX is refused.",
    "run": "It is named by its folder, by a file in that, or by its id where NAME.runs lies in the current folder or "
    "in one below it. One at a time may write to a PBX; that holds for one user of one machine, and ends with the "
    "process.",
    "snapshot": "It holds the old password of a trunk whose password the run changes, so only you can read it.",
    "verify": "What was unknown is settled by that look. It ends with 0 where all is as wanted, with 5 where something "
    "differs.",
}
"""What else there is to know about some of them."""

GLOSSARY: Final = tuple(sorted((*ENDING_TERMS, *_OTHERS), key=lambda term: term.word.casefold().strip("<")))
"""All terms in the order of the alphabet."""
