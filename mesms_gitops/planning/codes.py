"""What the planner can find, MS53x to MS60x; a code never changes its meaning."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mesms_gitops.model.codes import Code

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIMITS: Final = {
    "MS531": Code(
        "recipients outside limits.recipients",
        "The audience is smaller or larger than the campaign's own manifest holds plausible. An export that broke off "
        "is too small, a filter that was forgotten too large; either is cheaper to look at than to send. People whose "
        "message is on its way already are counted too.",
    ),
    "MS532": Code(
        "credits over limits.credits",
        "The campaign would cost more than its own manifest allows. Look at the parts first: one character outside "
        "GSM 03.38, or a longer name, may have doubled them.",
    ),
    "MS533": Code(
        "requests over limits.requests",
        "Everybody with the same rendered text shares one request, so a text with a name in it takes one for each "
        "name. Without `limits.requests` a hundred are allowed; a personal campaign to thousands says so.",
    ),
    "MS534": Code(
        "parts over limits.parts",
        "With the values of some recipient the text takes more SMS parts than the manifest allows. The longest name of "
        "the list decides, not the typical one.",
    ),
}

_POLICY: Final = {
    "MS541": Code(
        "recipients over policy.max_recipients.campaign",
        "One campaign would reach more people than mesms.yaml lets any campaign reach. Raising the bound is a change "
        "of the project file, and is reviewed as such.",
    ),
    "MS542": Code(
        "recipients over policy.max_recipients.apply",
        "Each campaign is within its bound, all of this plan together are not. Apply some of them with --target NAME, "
        "or raise the bound.",
    ),
    "MS543": Code(
        "credits over policy.max_credits.campaign",
        "One campaign would cost more than mesms.yaml lets any campaign cost.",
    ),
    "MS544": Code(
        "credits over policy.max_credits.apply",
        "All campaigns of this plan together cost more than one apply may spend.",
    ),
    "MS545": Code(
        "too few credits would remain",
        "`policy.min_balance_after` keeps credits on the account for what must always go out, such as one-time "
        "passwords. This plan would use some of them.",
    ),
    "MS546": Code(
        "balance does not cover the plan",
        "The whole plan is paid for before its first message leaves, so that no campaign stops half way. What a "
        "cancelled message gives back is counted.",
    ),
    "MS547": Code(
        "sender not approved",
        "ME-SMS lists this sender as not approved, or not at all, for the account of this API key. It would refuse the "
        "send.",
    ),
    "MS548": Code(
        "no manifest left",
        "Deleting a manifest cancels its campaign, so an empty folder would cancel all of them. More often it is a "
        "wrong folder or a checkout that lacks files; --allow-empty says that it is meant.",
    ),
    "MS549": Code(
        "would leave outside a window",
        "`schedule: now` leaves when it is applied, plus the undo window. At that hour the window of its class, or its "
        "own, is closed.",
    ),
    "MS550": Code(
        "parts over policy.max_parts",
        "With the values of some recipient the text takes more SMS parts than mesms.yaml allows any message.",
    ),
    "MS551": Code(
        "ME-SMS counts other parts",
        "The preview of ME-SMS and the count made here differ. Its figure is the one that is paid and shown; a "
        "template that was changed on ME-SMS and not in `template_text` is the usual cause.",
    ),
    "MS552": Code(
        "ME-SMS counts other recipients",
        "The preview charges for fewer or more numbers than were handed in: ME-SMS may have dropped some it holds to "
        "be invalid or blocked.",
    ),
    "MS553": Code(
        "audience moved further than policy.max_audience_change",
        "Since it was scheduled, or since the last plan on this machine, more people came or left than mesms.yaml "
        "allows: an export that broke off and a filter that was lost look like this. People who left and people who "
        "came both count, as a share of how many there were, and only what is certain counts: the sketch's error is "
        "taken off. Until it is allowed, the next plan is held against the same audience as this one.",
    ),
    "MS554": Code(
        "would leave on a public holiday",
        "On the day it leaves, in the project's time zone, Thailand or its government offices have a holiday. "
        "`policy.holidays` says what follows, by class of message: `warn` (marketing, unless written otherwise), "
        "`refuse`, or `allow`.",
    ),
    "MS555": Code(
        "holidays predicted",
        "The days come from the Python package `holidays`. For a year of which it does not know the days that are "
        "announced anew each year, it predicts: days in lieu and Buddhist days by rule, and none of the further days "
        "that the cabinet declares. Said once in a plan that sends something in such a year where `policy.holidays` "
        "refuses.",
    ),
    "MS559": Code(
        "ME-SMS asks another price",
        "The estimate is one credit for each part and person; the preview of ME-SMS comes to another figure. Its "
        "figure is the one that is paid and shown. It is remembered on this machine, and later plans made with "
        "--offline estimate messages of the same sender, encoding and parts by it.",
    ),
}

_SENDING: Final = {
    "MS601": Code(
        "campaign held back",
        "The planner does not know what is safe, so nothing is sent: a started message was edited, its fate is "
        "unknown, its hour has passed, it was cancelled elsewhere, a freeze holds. The plan says which, and what a "
        "person can decide; the other campaigns go on.",
    ),
    "MS602": Code(
        "cancel refused before",
        "ME-SMS refused to cancel a message that it still lists as scheduled, so it is asked again. If it refuses "
        "until the hour comes, the old message leaves and no new one is sent.",
    ),
}

CODES: Final[Mapping[str, Code]] = MappingProxyType({**_LIMITS, **_POLICY, **_SENDING})
"""Code -> what it means, in order."""
