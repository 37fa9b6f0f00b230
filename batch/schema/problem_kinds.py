"""Problem kinds: THE table of everything that can be said about a workbook, and what to do about it.

``trunk-batch explain CODE`` shows a line of it as a paragraph; reports show its title above the cells concerned.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from batch.wording import Who


class Severity(StrEnum):
    """Whether it stops anything."""

    PROBLEM = "problem"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One kind of problem or notice."""

    title: str
    """What all of them have in common, as a heading."""
    means: str
    """What is wrong, and why that matters."""
    example: str
    """What stands in the workbook then."""
    fix: str
    """What to do; a report says it for the very cell."""
    severity: Severity = Severity.PROBLEM
    who: Who = Who.EDITOR


def _problem(title: str, means: str, example: str, fix: str, who: Who = Who.EDITOR) -> ProblemKind:
    return ProblemKind(title=title, means=means, example=example, fix=fix, who=who)


def _notice(title: str, means: str, example: str, fix: str, who: Who = Who.EDITOR) -> ProblemKind:
    return ProblemKind(title=title, means=means, example=example, fix=fix, severity=Severity.NOTICE, who=who)


KINDS: Final[dict[str, ProblemKind]] = {
    # the file and its sheets
    "base-elsewhere": _problem(
        "An export of another PBX",
        "The workbook remembers the PBX that it was exported from, and it is planned against another one.",
        "exported from https://berlin.example:8088, planned with --url https://paris.example:8088",
        "Use an export of this PBX, or copy the rows that are meant into an empty workbook (trunk-batch template).",
    ),
    "columns-file": _problem(
        "The file given by --columns does not fit",
        "It names a sheet or column that the workbook does not have, or gives one column two meanings.",
        'DID = "Rufnummer" in carrier.toml, and no header of the sheet says Rufnummer',
        "Correct the file, or have a new guess written: trunk-batch check WORKBOOK --write-columns FILE.toml.",
        Who.OPERATOR,
    ),
    "not-readable": _problem(
        "The file cannot be read",
        "It is damaged, needs a password, or is no workbook at all.",
        "a web page that was saved as trunks.xlsx",
        "Open it in Excel or LibreOffice and save it as .xlsx without a password, or have it sent again.",
    ),
    "sheet-missing": _problem(
        "A sheet is missing",
        "There must be a sheet named Trunks; the other two may be absent.",
        "a workbook with the one sheet Sheet1",
        "Name the sheet with one row per trunk Trunks, or say with --columns which one it is.",
    ),
    "sheet-twice": _problem(
        "Two sheets have the same name",
        "Two sheets mean the same one, so nobody knows which counts.",
        "DIDs and Dids (old)",
        "Keep one of them, and rename the other to something unlike it.",
    ),
    "sheet-near": _problem(
        "A sheet's name is almost right",
        "It could be a slip of the finger, and then its rows would be left out unseen.",
        "Trunk's, DIDS1",
        "Rename it to the name that is offered, or to something unlike it if it is a sheet of your own.",
    ),
    "sheet-empty": _problem(
        "There are no rows",
        "The sheet Trunks has a header and nothing below it, so there is nothing to do.",
        "a template that was saved before it was filled in",
        "Fill in one row per trunk below the header.",
    ),
    # headers
    "header-missing": _problem(
        "A column is missing",
        "A column that every row needs is not on the sheet.",
        "a sheet DIDs without the column Trunk",
        "Add a column with that header.",
    ),
    "column-unknown": _problem(
        "A column that is not known and could be meant",
        "Its header or its values look like something that belongs on the PBX, and nothing of it would be sent.",
        "the header DID to, above numbers",
        "Give it the header of the column that is meant, or put # in front if it is your own.",
    ),
    "header-near": _problem(
        "A header is almost right",
        "It could be a slip of the finger, and then the whole column would be left out unseen.",
        "Hostnam",
        "Type the header that is offered, or put # in front if the column is your own.",
    ),
    "header-twice": _problem(
        "Two headers mean the same column",
        "Nobody knows which of the two columns counts.",
        "Name and Trunk name side by side",
        "Keep one of them; put # in front of the other's header to keep it as your own.",
    ),
    "header-reserved": _problem(
        "A column that is not supported yet",
        "The header is kept for something that a later version may do; nothing of it would be done today.",
        "Wave",
        "Delete the column, or put # in front of its header to keep it as your own.",
    ),
    "header-unreadable": _problem(
        "A header that cannot be read",
        "The header cell shows an error, so nobody knows what its column means.",
        "#REF! in row 1",
        "Type the header itself.",
    ),
    "header-again": _problem(
        "A second table on the sheet",
        "A header stands below or beside the first table; only one table on a sheet can be read.",
        "Trunk, DID in row 1, and Trunk, DID name again in row 40",
        "Move the second table to a sheet or file of its own, or put its rows below the first.",
    ),
    "rows-no-data": _problem(
        "Rows that are no data",
        "They look like totals, remarks or another table, and would be read as trunks or numbers.",
        "Total: 60 below the last row",
        "Delete them, or move them to a sheet of your own.",
    ),
    "cell-merged": _problem(
        "A cell that is merged with others",
        "Of merged cells only the first has a value; whether it counts for the others cannot be told.",
        "DIDs!B4 merged with B5 and B6",
        "Unmerge the cells and fill in each of them.",
    ),
    "cell-shifted": _problem(
        "A row with more values than headers",
        "A comma or semicolon inside a value has moved all that follows it one column to the right.",
        "Paris-1,Sales, second floor,442079460100",
        'Put "quotes" around the value that holds the separator, or give the last column its header.',
    ),
    # what stands in a cell
    "cell-error": _problem(
        "A cell shows a spreadsheet error",
        "A formula went wrong, and what should stand there is not in the file.",
        "#N/A, #REF!",
        "Type the value itself.",
    ),
    "cell-picture": _problem(
        "A picture where a value belongs",
        "What a picture shows cannot be read.",
        "a photograph of a list of numbers",
        "Type the value in its place; pictures may stand beside the table.",
    ),
    "cell-no-value": _problem(
        "A formula without a result",
        "The file has the formula but not what came of it, because no spreadsheet program has calculated it.",
        '="44"&A2 in a file that a script wrote',
        "Open the file in Excel or LibreOffice and save it, or type the value itself.",
    ),
    "cell-date": _problem(
        "A date or time where text belongs",
        "The spreadsheet took what was typed for a date or a time.",
        "1-2 has become 1 February",
        "Format the cell as text and type what was meant again.",
    ),
    "cell-boolean": _problem(
        "TRUE or FALSE where text belongs",
        "The spreadsheet took what was typed for a truth value, or a formula gives one.",
        "TRUE in the column Name",
        "Format the cell as text and type what was meant.",
    ),
    "cell-number-lost": _problem(
        "A number too long for the spreadsheet to keep",
        "A spreadsheet keeps 15 digits of a number; the ones behind them are lost or have become zeros.",
        "4.42E+11",
        "Format the cell as text and type the number again, from where you have it.",
    ),
    "cell-number-cut": _problem(
        "A number that may have lost its + or leading zeros",
        "The cell holds a number, which cannot keep what stands in front, and its column or the PBX has that.",
        "442079460101 below +442079460100",
        "Format the cell as text and type what is offered.",
    ),
    "trunk-prefix": _problem(
        "A number with (0) in it",
        "The zero in brackets is dialled only inside the country; carriers and PBX do not use it.",
        "+44 (0)20 7946 0100",
        "Type the number without it: +442079460100.",
    ),
    "extension-behind": _problem(
        "A number with an extension behind it",
        "The PBX would take the extension for the last digits of the number.",
        "02079460100 ext. 12",
        "Type the number alone; extensions have columns of their own.",
    ),
    "cell-list-number": _problem(
        "A list that may have become one number",
        "The spreadsheet may have taken the commas between extensions for those between thousands.",
        "10011002, shown as 10,011,002, where 1001,1002 was typed",
        "Format the cell as text and type the extensions with commas between.",
    ),
    "cell-fraction": _problem(
        "A number with decimals where digits belong",
        "A point, comma or minus sign stands in what must be digits alone.",
        "442,079,460,100",
        "Format the cell as text and type the digits.",
    ),
    "cell-line-break": _problem(
        "A line break or control character inside a cell",
        "The cell holds more than one line, or a sign that nobody sees; the PBX takes neither.",
        "London and, below it in the same cell, Paris",
        "Type the value anew on one line.",
    ),
    "placeholder": _problem(
        "A cell that says that there is nothing",
        "It would be sent as it is, as if it were the value.",
        "n/a, TBD, xxx, -",
        "Clear the cell to leave the setting alone, or type <clear> where it can be emptied.",
    ),
    "required": _problem(
        "A cell must not be blank",
        "Without it nobody knows what the row means.",
        "a row of DIDs with a DID and no trunk",
        "Fill it in, or delete the row.",
    ),
    "clear-not-allowed": _problem(
        "<clear> where nothing can be emptied",
        "The PBX needs a value there.",
        "<clear> as Hostname or Password",
        "Type the new value, or clear the cell to leave the setting as it is.",
    ),
    "not-a-choice": _problem(
        "A value that is not in the list",
        "The column takes a few words only.",
        "sctp as Transport",
        "Choose one of those that the message names; the template offers them in a drop-down.",
    ),
    "not-a-number": _problem(
        "A cell must hold a whole number",
        "The column takes digits alone, within its limits.",
        "sip.carrier.example:5061 as Port",
        "Type a number like 5061.",
    ),
    "too-long": _problem(
        "A value is too long",
        "The PBX would refuse it; accented and other letters can count as two or more.",
        "a name of more than 63 characters",
        "Type a shorter one.",
    ),
    "not-a-host": _problem(
        "A cell must hold a host name or an IP address",
        "What stands there cannot be looked up, or holds letters of another alphabet that look alike.",
        "sip..carrier.example, 192.0.2.400",
        "Type the bare host, such as sip.carrier.example; a port has a column of its own.",
    ),
    "bad-characters": _problem(
        "Characters that the PBX does not take",
        "The PBX would refuse the whole trunk because of them.",
        "London/1 as Name, 44207946010[0-4 or 4420794601[00-99] as DID",
        "Type the value without them; the message names them.",
    ),
    "codec-unknown": _problem(
        "A codec the PBX does not have",
        "It knows 15 codecs by name: trunk-batch explain Codecs lists them.",
        "g711",
        "Type names of that list with commas between, such as alaw,ulaw.",
    ),
    "codec-twice": _problem(
        "A codec named twice",
        "The order of codecs is their priority, so each stands there once.",
        "alaw,g729,alaw",
        "Delete the second one.",
    ),
    "secret-hidden": _problem(
        "A password must be typed again",
        "Results never hold a password, and that of an unfinished trunk must be sent again.",
        "<type again> in the column Password",
        "Type the password, or env:NAME or file:PATH; or clear the cell to leave it as it is on the PBX.",
    ),
    "secret-not-allowed": _problem(
        "A cell names what it may not read",
        "A workbook may come from anybody, so only what the operator allows is read and sent to the PBX.",
        "env:LONDON_SIP without --secrets-from LONDON_SIP",
        "If it is meant, add --secrets-from with the variable or folder that the message names.",
        Who.OPERATOR,
    ),
    "secret-not-found": _problem(
        "A password is not where the cell says",
        "The variable is not set, or the file is not there or cannot be read.",
        "env:LONDON_SIP in a terminal where it was never set",
        "Set the variable or put the file there, then run again.",
        Who.OPERATOR,
    ),
    # a trunk and its rows
    "trunk-unnamed": _problem(
        "A row without Trunk ID and Name",
        "Nobody knows which trunk the row means.",
        "a row of Trunks with a Hostname alone",
        "Type the trunk's Name, or its Trunk ID.",
    ),
    "trunk-twice": _problem(
        "The same trunk on two rows",
        "A trunk is written once, so what it shall be must stand in one row.",
        "London-1 in Trunks!C4 and in Trunks!C9",
        "Keep one row for it, with everything that shall change.",
    ),
    "name-twice": _problem(
        "Two trunks to have the same name",
        "The PBX takes each name only once.",
        "the trunks 11 and 12, both to be called London",
        "Give each trunk a name of its own.",
    ),
    "trunk-unknown": _problem(
        "A row whose trunk is not on the Trunks sheet",
        "The Trunk cell must repeat a Trunk ID or a Name of the sheet Trunks, letter for letter.",
        "Pariss-1, where the sheet Trunks has Paris-1",
        "Type the name that the message offers, or add the trunk to the sheet Trunks.",
    ),
    "trunk-ambiguous": _problem(
        "A row that fits two trunks",
        "What the cell says is the Trunk ID of one trunk and the Name of another, or the name of two.",
        "12, where one trunk has the ID 12 and another one is called 12",
        "Type what only one of them has.",
    ),
    "field-not-of-type": _problem(
        "A setting that this type of trunk does not have",
        "The PBX would not take it: each type of trunk has settings of its own.",
        "a Username on a peer trunk, DIDs on an account trunk",
        "Clear the cell, or delete the row.",
    ),
    # list entries
    "clear-not-alone": _problem(
        "<clear> beside other rows or another mode",
        "It empties the whole list, so it cannot stand together with entries, or with add and remove.",
        "<clear> and 442079460100 as DIDs of the same trunk",
        "Delete the row with <clear>, or the trunk's other rows; leave the mode blank or choose replace.",
    ),
    "range-backwards": _problem(
        "A range that ends before it begins",
        "The second number is smaller than the first.",
        "442079460199-442079460100",
        "Type the smaller end first.",
    ),
    "range-malformed": _problem(
        "A range that cannot be read",
        "Its two ends differ in length or in what stands in front of them.",
        "+442079460100 - 02079460199",
        "Type both ends in full and alike, with two dots between: 442079460100..442079460199.",
    ),
    "range-too-long": _problem(
        "A range with too many numbers",
        "At most 10,000 DIDs, or 500 caller IDs, go into one row; more is mostly a slip of the finger.",
        "442070000000-442079999999",
        "Correct the ends, or split the range over several rows.",
    ),
    "range-unequal": _problem(
        "Caller ID range and extension range differ in size",
        "Each extension of the range gets one number, in order, so there must be as many of both.",
        "442079460100-442079460109 for the extensions 1001-1011",
        "Type as many extensions as there are numbers, or correct the numbers.",
    ),
    "many-numbers": _problem(
        "Several numbers in one cell",
        "A row takes one number, or one range.",
        "442079460100, 442079460101",
        "Put each number into a row of its own; if they follow each other, type one range.",
    ),
    "number-count": _problem(
        "A count of numbers in the cell of one",
        "It says how many numbers there are, in a way that can be understood in more than one way.",
        "02079460100 x 100, 02079460100/9",
        "Type the first and the last number with two dots between.",
    ),
    "number-signs": _problem(
        "A sign or letter in a number that no call has",
        "The number would never match a call.",
        "44207946O100, with a letter O",
        "Type the number as the carrier sends it.",
    ),
    "no-number": _problem(
        "No number where one belongs",
        "The cell holds words, or nothing that could be dialled.",
        "yes, reserved",
        "Type the number, or delete the row.",
    ),
    "long-number": _problem(
        "A number of more than 15 digits",
        "No telephone number in the world has more; it is mostly two numbers in one.",
        "442079460100442079460101",
        "Correct it; if the carrier really sends it, allow it: --allow long-numbers=TRUNK.",
        Who.CARRIER,
    ),
    "dash-unclear": _problem(
        "A dash that could mean two things",
        "To people it groups the digits of one number, to the program it could make a range.",
        "020-7946-0100",
        "Type one number without dashes, and a range with two dots: 02079460100..02079460199.",
    ),
    "did-twice": _problem(
        "The same DID twice on one trunk",
        "The PBX takes the first and never comes to the second.",
        "442079460100 in DIDs!B7 and, inside a range, in DIDs!B9",
        "Delete one of the two, or correct the number.",
    ),
    "caller-id-twice": _problem(
        "The same caller ID twice on one trunk",
        "Which extensions shall show it cannot stand in two entries of the same option.",
        "+442079460100 shared in two rows of London-1",
        "Put all its extensions into one row.",
    ),
    "extension-malformed": _problem(
        "Something that is not an extension",
        "The column takes extension numbers with commas between.",
        "1001-1010 in Extensions, Sales in Extensions",
        "Type single numbers; a range belongs into Extension range, a group's name into Extension groups.",
    ),
    "extensions-missing": _problem(
        "A caller ID without extensions",
        "Nobody would show it, and the PBX does not take it.",
        "option shared, with Extensions and Extension groups blank",
        "Name the extensions or groups that use it, or delete the row.",
    ),
    "extension-range-missing": _problem(
        "A caller-ID range without an extension range",
        "With option range each number goes to one extension, so both ends must be known.",
        "442079460100-442079460109 with Extension range blank",
        "Type first and last extension, such as 1001-1010, or choose option shared.",
    ),
    "option-mismatch": _problem(
        "A cell that does not go with the row's option",
        "Option shared has Extensions and Extension groups, option range has Extension range.",
        "option range with Extensions filled in",
        "Clear the cell, or choose the other option.",
    ),
    # seen only against the PBX
    "trunk-gone": _problem(
        "A trunk that the PBX does not have",
        "No trunk of this ID or name is there. This program edits trunks and makes none.",
        "Pariss-1, where the PBX has Paris-1",
        "Correct the row, or delete it; make the trunk on the PBX first if it is a new one.",
    ),
    "trunk-not-editable": _problem(
        "A trunk that the API cannot edit",
        "The API edits trunks of type register, peer and account; others, such as FXO, it only lists.",
        "a trunk over a telephone line",
        "Delete its rows, and change it on the PBX's own pages.",
        Who.ADMINISTRATOR,
    ),
    "trunk-shared": _problem(
        "A shared trunk that takes only caller IDs",
        "It belongs to somebody else, who alone can change its settings and DIDs.",
        "a Hostname for a trunk that another PBX shares with this one",
        "Clear the cell; the trunk's owner must change this.",
        Who.ADMINISTRATOR,
    ),
    "type-differs": _problem(
        "The type differs from the PBX",
        "The type of a trunk cannot be changed, so perhaps another trunk is meant.",
        "peer, where the PBX has a register trunk",
        "Clear the cell, or correct the trunk's ID or Name.",
    ),
    "name-taken": _problem(
        "A name that another trunk holds",
        "The PBX takes each name only once, also if that other trunk is to be renamed in the same workbook.",
        "Paris as the new name of trunk 11, while trunk 12 is called so",
        "Choose another name; to swap names, rename the other trunk first, in a run of its own.",
    ),
    "same-live-trunk": _problem(
        "Two rows found to be the same trunk",
        "One row has its ID and another its name.",
        "the Trunk ID 11 in row 4, and in row 9 the Name of trunk 11",
        "Keep one row for it, with everything that shall change.",
    ),
    "extension-unknown": _problem(
        "An extension that the PBX does not have",
        "The PBX would refuse the whole trunk because of it.",
        "1099, where the extensions end at 1050",
        "Correct the number, or make the extension on the PBX first.",
        Who.ADMINISTRATOR,
    ),
    "group-unknown": _problem(
        "An extension group that the PBX does not have",
        "The PBX would refuse the whole trunk because of it.",
        "Sale, where the PBX has Sales",
        'Correct the name, or make the group on the PBX first; put a name with a comma into "double quotes".',
        Who.ADMINISTRATOR,
    ),
    "key-ambiguous": _problem(
        "A list entry that stands twice on the PBX",
        "With add and remove it is not clear which of the two is meant.",
        "a DID to remove that the trunk holds in two places",
        "Remove the double on the PBX, or name the whole list with mode replace.",
        Who.ADMINISTRATOR,
    ),
    "pattern-not-on-cloud": _problem(
        "A pattern that the Cloud edition does not take",
        "DIDs there hold no [ ] and no ! on this kind of trunk.",
        "44207946010[0-4]",
        "Write the numbers out, or use X, Z, N and the dot.",
    ),
    "live-entry-incomplete": _problem(
        "A list on the PBX that cannot be sent back",
        "Lists are sent whole, and this one holds something that the API shows but does not take or let be read.",
        "a caller ID on the PBX that is for no extension",
        "Correct that entry on the PBX, or name the whole list in the workbook with mode replace.",
        Who.ADMINISTRATOR,
    ),
    # notices
    "did-on-two-trunks": _notice(
        "The same DID on two trunks",
        "That is usual while a number moves from one carrier to another.",
        "442079460100 on LDN-old-1 and on London-1",
        "Nothing, if both carriers deliver it for a while; else delete the row that is too much.",
    ),
    "did-never-reached": _notice(
        "A DID that another one above it always takes first",
        "The PBX takes the first DID that fits a call, and a pattern above fits them all.",
        "4420794601XX above 442079460101",
        "Move the pattern below the rows that shall match before it.",
    ),
    "did-notations": _notice(
        "One number in several notations",
        "To the PBX they are two numbers, and the carrier sends only one of them.",
        "+442079460100 and 02079460100 on the same trunk",
        "Keep the notation in which the carrier sends it.",
        Who.CARRIER,
    ),
    "pattern-word": _notice(
        "A word whose letters stand for digits",
        "X, Z and N in a DID stand for any digit, also inside a word.",
        "ZENTRALE matches numbers, not the word",
        "Nothing, if a pattern is meant; else type the number.",
    ),
    "pattern-span": _notice(
        "A bracket that stands for more than it seems",
        "A dash in a bracket joins a digit with another sign, and stands for all characters between the two.",
        "[+-9]44207946",
        "Nothing, if that is what you mean; for + or any digit type [+0-9].",
    ),
    "extension-in-two-entries": _notice(
        "An extension in two entries of one trunk: the first wins",
        "The PBX shows the caller ID of the first entry that names the extension.",
        "1001 in the rows of +442079460100 and of +442079460200",
        "Nothing, if the upper one shall win; else take the extension out of it.",
    ),
    "caller-id-not-a-did": _notice(
        "A caller ID that is not among the trunk's DIDs",
        "Many carriers let calls show only numbers that are theirs.",
        "+442079460999 where the DIDs end at 442079460199",
        "Nothing, if the carrier lets it through; else use one of the trunk's numbers.",
        Who.CARRIER,
    ),
    "mode-without-rows": _notice(
        "A mode without rows: the list is left alone",
        "Mode replace with no row at all does not empty a list, so that a lost sheet cannot.",
        "DIDs mode replace, and no row of this trunk on the sheet DIDs",
        "Nothing; to empty the list, add one row with <clear>.",
    ),
    "range-expanded": _notice(
        "A range was written out into single numbers",
        "The PBX knows no ranges of DIDs, so each number is sent.",
        "442079460100-199 has become 100 DIDs",
        "Nothing, if first and last number are right.",
    ),
    "cell-repaired": _notice(
        "A value was tidied up",
        "What people and programs leave around a value was taken off; the message says what.",
        "an apostrophe or tel: in front, a no-break blank behind",
        "Nothing, if what was taken is what you mean.",
    ),
    "cell-number": _notice(
        "A number was taken as its digits",
        "The cell holds a number, not text; nothing suggests that it had a + or zeros in front.",
        "442079460100 as a number",
        "Nothing, if the digits are right.",
    ),
    "cell-formula": _notice(
        "A formula's result was taken as the value",
        "What the spreadsheet program last calculated is in the file, and counts.",
        '="44"&A2, with 442079460100 as its result',
        "Nothing, if the file was saved after it was calculated.",
    ),
    "header-found": _notice(
        "The header is not in the first row",
        "Rows above the header are not read.",
        "a title in row 1 and the header in row 3",
        "Nothing, unless a row above it is meant.",
    ),
    "header-repeated": _notice(
        "A repeated header was left out",
        "The same header further down is no data.",
        "Trunk, DID, DID name again in row 50",
        "Nothing.",
    ),
    "totals-row": _notice(
        "A table's totals row was left out",
        "The file says that the row is the totals of a table.",
        "the last row of a table with Total row switched on",
        "Nothing.",
    ),
    "cells-merged": _notice(
        "A merged cell counts for all its rows",
        "Merged cells of the column Trunk are how people say whose rows these are.",
        "London-1 merged over the rows 2 to 9",
        "Nothing.",
    ),
    "columns-hidden": _notice(
        "Hidden columns count as columns",
        "What stands there is sent like what can be seen.",
        "a hidden column Password",
        "Show all columns and look; put # in front of the header of one that is not meant.",
    ),
    "columns-mapped": _notice(
        "Columns were found by the file given by --columns",
        "The workbook's own headers do not say what these columns mean; that file does.",
        "column C is DID, by carrier.toml",
        "Nothing, if it is right.",
    ),
    "order-left": _notice(
        "Results in another order: the order on the PBX stays",
        "Results may be sorted to read them, so another order alone changes nothing.",
        "results sorted by the column Result",
        "Nothing; to change the order, put the rows into a workbook that is no results.",
    ),
    "rows-all-gone": _notice(
        "All rows of a list were deleted: the list is left alone",
        "A list is emptied only by <clear>, so that a lost sheet cannot do it.",
        "an export without the DID rows of London-1",
        "Nothing; to empty the list, add one row with <clear>.",
    ),
    "base-practice": _notice(
        "An export is rehearsed on the practice PBX",
        "What the real PBX changed since the export is seen only by a plan against it.",
        "an export of https://pbx.example:8088, planned with --practice",
        "Nothing.",
    ),
    "secret-blanks": _notice(
        "A password begins or ends with a blank",
        "It is sent so, because a blank can be part of a password.",
        "a blank that came along when the password was copied",
        "Take the blank off, if it is not part of it.",
    ),
    "rows-hidden": _notice(
        "Hidden or filtered rows count as rows",
        "What stands there is sent like what can be seen.",
        "a filter that shows London alone",
        "Show all rows and look; delete those that are not meant.",
    ),
    "cells-struck": _notice(
        "Struck-through cells count as cells",
        "What is crossed out is sent like everything else.",
        "a number that was crossed out instead of deleted",
        "Delete the rows that are not meant any more, or set their trunk's Action to skip.",
    ),
    "sheet-hidden": _notice(
        "A hidden sheet counts as a sheet",
        "What stands there is sent like what can be seen.",
        "a hidden sheet DIDs",
        "Unhide it and look; rename it if it is not meant.",
    ),
    "own-column": _notice(
        "Columns of your own are kept",
        "They are not sent, and come back in the results.",
        "the column Remarks",
        "Nothing.",
    ),
    "own-sheet": _notice(
        "Sheets of your own are kept",
        "They are not read, and come back in the results.",
        "the sheet Contacts",
        "Nothing.",
    ),
    "parts-unreadable": _notice(
        "Damaged parts of your own are kept as they are",
        "Nothing that is done needs them; they come back unchanged, and cannot be searched for passwords.",
        "a chart that a mail gateway has cut short",
        "Look at them before you pass the workbook on; if only values can be given back, have the file sent again.",
    ),
    "entry-not-there": _notice(
        "An entry to remove is not on the PBX",
        "It may be gone already, or the number is not written as the PBX has it.",
        "442079460100 to remove, where the PBX has +442079460100",
        "Nothing, if it is gone; else type the number as the PBX has it.",
    ),
    "plain-http": _notice(
        "The connection is not encrypted",
        "Everything sent to the PBX, passwords too, can be read on the way.",
        "--url http://192.0.2.10",
        "Give the PBX's https address, usually the same host with port 8088.",
        Who.OPERATOR,
    ),
    "file-detected": _notice(
        "What was detected about a file",
        "A CSV file does not say in which encoding it is or what separates its values, so that was found out.",
        "trunks.csv was read as Windows-1252 with semicolons",
        "Nothing, if names look right; else save the file as CSV UTF-8.",
    ),
    "csv-formula": _notice(
        "A cell of a CSV file that a spreadsheet program runs as a formula",
        "This program runs nothing; Excel would, when it opens the file or its results.",
        "=cmd|' /C calc'!A0",
        "Type it without the = if no formula is meant.",
    ),
}

UNSEEN: Final = frozenset({"rows-hidden", "columns-hidden", "sheet-hidden", "cells-struck"})
"""Notices of what counts although it does not look so: named before anything is sent, also where notices are not."""
