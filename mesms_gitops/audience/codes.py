"""The diagnostics of this room, MS42x to MS47x; a code never changes its meaning."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_YET: Final = "MS420"
UNREADABLE: Final = "MS421"
MISSING_COLUMN: Final = "MS422"
ENCODING: Final = "MS423"
BROKEN: Final = "MS424"
NO_ROWS: Final = "MS425"
HEADER: Final = "MS426"
LACKS_LIBRARY: Final = "MS427"
BAD_ADDRESS: Final = "MS428"
NOT_RECEIVED: Final = "MS429"
BAD_INLINE: Final = "MS430"
TOO_MANY_BAD: Final = "MS431"
SOME_BAD: Final = "MS432"
LOST_ZERO: Final = "MS433"
THAI_CODE_PAGE: Final = "MS434"
NOT_REACHED: Final = "MS435"
BAD_QUERY: Final = "MS436"
NO_SETTING: Final = "MS437"
HIDDEN_ROWS: Final = "MS438"
UNKNOWN_BLOCK: Final = "MS439"
BLANK_VALUE: Final = "MS440"
NO_VALUE: Final = "MS441"
TWO_VALUES: Final = "MS442"
NO_FIRST_ROW: Final = "MS443"
NEEDS_CLUSTER: Final = "MS444"
NO_CLUSTER: Final = "MS445"
NO_DELIVERY: Final = "MS446"
DELIVERY_OPEN: Final = "MS447"
DELIVERY_DOUBTFUL: Final = "MS448"
GROUP_UNSEEN: Final = "MS450"
GROUP_PERSONAL: Final = "MS451"
GROUP_EXCLUDED: Final = "MS452"
GROUP_FORGOTTEN: Final = "MS453"
BAD_OPT_OUT: Final = "MS461"
NO_OPT_OUTS: Final = "MS462"
NOBODY: Final = "MS470"
ALL_FORGOTTEN: Final = "MS471"

codes: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        NOT_YET: (
            "source not in this version yet",
            (
                "The manifest language knows this kind of source or place, this version cannot read it. Export it "
                "to a CSV, JSON or NDJSON file."
            ),
        ),
        UNREADABLE: (
            "list cannot be read",
            (
                "The file is missing, is a folder, or may not be read. An opt-out list that cannot be read stops "
                "the plan too: without it, people who refused would be texted."
            ),
        ),
        MISSING_COLUMN: (
            "no such column",
            (
                "The manifest names a column that the list does not have. Names are compared exactly, spaces "
                "around them apart."
            ),
        ),
        ENCODING: (
            "unknown encoding",
            (
                "Lists are read as UTF-8, as UTF-16 with a byte order mark, or as cp874 (Thai Windows). This one "
                "is none of them."
            ),
        ),
        BROKEN: (
            "list is not what its kind says",
            (
                "Broken quotes, JSON that is not an array of objects, a damaged archive, another format: nothing "
                "after the damage can be trusted, so nothing of the list is."
            ),
        ),
        NO_ROWS: (
            "list without rows",
            "A recipient list that holds nobody is nearly always a failed export.",
        ),
        HEADER: (
            "header row unusable",
            "A table needs one header row in which every column that the manifest names stands exactly once.",
        ),
        LACKS_LIBRARY: (
            "library not installed",
            (
                "Databases, object stores, workbooks and zstd are read by libraries that are not installed unless they "
                "are asked for. The message has the command."
            ),
        ),
        BAD_ADDRESS: (
            "address that is not read from",
            (
                "Lists come encrypted from the host that the manifest names, or from this machine: never over plain "
                "HTTP, never from where that host sends on to, never with a password in the address."
            ),
        ),
        NOT_RECEIVED: (
            "list not received whole",
            (
                "It broke off, does not have the length it was said to have, took too long or does not end. A part of "
                "a list is not used, least of all of an opt-out list."
            ),
        ),
        BAD_INLINE: (
            "bad number in the manifest",
            "A number written in the manifest is a person's doing, not an export's: it is never tolerated.",
        ),
        TOO_MANY_BAD: (
            "more bad numbers than `invalid` allows",
            (
                "Landlines, malformed and foreign numbers are counted by reason. By default none is tolerated: "
                "many bad numbers mean the wrong list or the wrong column."
            ),
        ),
        SOME_BAD: (
            "bad numbers, tolerated",
            "Fewer bad numbers than `invalid` allows; nothing is sent to them.",
        ),
        LOST_ZERO: (
            "leading zeros restored",
            (
                "A spreadsheet read the numbers as figures and dropped their first 0. Nine digits that start with "
                "6, 8 or 9 can only be such a number."
            ),
        ),
        THAI_CODE_PAGE: (
            "read as cp874",
            (
                "The list is not UTF-8. It was read as cp874 (Thai Windows), which fits every byte; another code "
                "page would look the same to a program, not to a reader."
            ),
        ),
        NOT_REACHED: (
            "place of the list not reached, or closed",
            "The server, bucket or database does not answer, does not know the list, or lets this user not read it.",
        ),
        BAD_QUERY: (
            "query that cannot be run",
            (
                "A source's query is one SELECT. It runs in a session that can only read, for a limited time; a query "
                "that writes is refused."
            ),
        ),
        NO_SETTING: (
            "setting missing or unusable",
            "The environment variable that a source names is not set, or does not hold what it should.",
        ),
        HIDDEN_ROWS: (
            "hidden rows in a workbook",
            (
                "A filter or a person hid rows of the sheet. They are in the file and are read: who looks at the sheet "
                "sees fewer recipients than there are."
            ),
        ),
        UNKNOWN_BLOCK: (
            "numbers in blocks no operator has",
            (
                "They have the form of a Thai mobile number, but the numbering plan that this version knows gives "
                "their blocks to nobody. Blocks are added from year to year, so they are sent to all the same; many of "
                "them mean made-up numbers, or mistyped ones."
            ),
        ),
        BLANK_VALUE: (
            "empty value in a personal text",
            "A recipient's row has nothing in a column that the text uses: the message would greet nobody.",
        ),
        NO_VALUE: (
            "source gives no value for a variable",
            (
                "Another source maps the variable to a column, this one does not, and `variables` has no value "
                "for everybody."
            ),
        ),
        TWO_VALUES: (
            "one number, different values",
            (
                "The first row of a number wins, so for these people the order of rows decides what they read, "
                "and a re-sorted list is a changed audience."
            ),
        ),
        NO_FIRST_ROW: (
            "one number, different values, in a table",
            (
                "On a cluster the rows of a table have no order, so no row of a number is the first: who would read "
                "what could change with every plan. The same values twice are one row."
            ),
        ),
        NEEDS_CLUSTER: (
            "list that only a cluster can read",
            "A table has its place in a catalog that Spark knows; this machine by itself knows files and databases.",
        ),
        NO_CLUSTER: (
            "Spark did not do it",
            (
                "The session could not be started, or broke off on the way. Nothing is taken over from a list that was "
                "not read whole. Spark's own words are not repeated: they may quote a list."
            ),
        ),
        NO_DELIVERY: (
            "no delivery to take up",
            (
                "`delivery:` takes up those recipients of an earlier campaign whose delivery ended in one of the named "
                "states. That campaign must be in state, and so must any in `except_reached_by`; something of it must "
                "have left, and ME-SMS must be asked, unless `report --recipients` has kept what became of everybody."
            ),
        ),
        DELIVERY_OPEN: (
            "earlier campaign still being delivered",
            (
                "Some of its messages are on their way or still to come, so the recipients found are those of this "
                "moment. A later plan finds more of them, and an approval of this one does not cover those. Whoever is "
                "still pending in a campaign of `except_reached_by` is left out."
            ),
        ),
        DELIVERY_DOUBTFUL: (
            "delivery in doubt",
            (
                "What ME-SMS says of the recipients of an earlier campaign does not add up: pages broke off or came "
                "twice, counts are not those of the rows or of the recipients, somebody is in two states, fewer are "
                "listed as reached than state counted, or the message was purged while some had no result. What came "
                "is used as it came, but for whoever is listed as reached or pending as well, and the plan says why "
                "it may be wrong. Whom to leave out (`except_reached_by`) is never taken from a list that may lack "
                "somebody: then the plan stops. So it does where nobody knows whether a message of that campaign was "
                "sent: settle it first (`mesms-gitops resolve NAME`)."
            ),
        ),
        GROUP_UNSEEN: (
            "contact group cannot be checked",
            (
                "Its members are known only to ME-SMS: they are neither counted, nor deduplicated, nor excluded, "
                "and the group is what it is when the message leaves."
            ),
        ),
        GROUP_PERSONAL: (
            "contact group with a personal text",
            "Its members have no rows, so a variable that is mapped to a column has no value for them.",
        ),
        GROUP_EXCLUDED: (
            "contact group as opt-out list",
            "Its members are known only to ME-SMS, so nobody can be excluded by it.",
        ),
        GROUP_FORGOTTEN: (
            "contact group and people who asked to be forgotten",
            (
                "`forget` keeps people out of every list that is read here. The members of a contact group are known "
                "only to ME-SMS, so they have to be taken out there."
            ),
        ),
        BAD_OPT_OUT: (
            "bad numbers in an opt-out list",
            (
                "Whoever stands behind them cannot be recognised, and is texted if a recipient list has the right "
                "number. Rows with more or fewer columns than the header stop the plan: their numbers may be good, and "
                "cannot be found. So does a list of ten rows or more without one usable number: that column holds "
                "something else."
            ),
        ),
        NO_OPT_OUTS: (
            "opt-out list without rows",
            "It excludes nobody: it is empty, as a failed export is, or `where` keeps none of its rows.",
        ),
        NOBODY: (
            "nobody left",
            "After bad numbers, filters, duplicates and opt-outs no recipient remains.",
        ),
        ALL_FORGOTTEN: (
            "everybody who was left asked to be forgotten",
            (
                "The lists still name people, but `mesms-gitops forget` was told of each of them. The campaign is held "
                "back, the others go on: delete its manifest, write `state: cancelled`, which takes back what is "
                "scheduled, or change its lists."
            ),
        ),
    }
)
"""Code -> (title, explanation)."""
