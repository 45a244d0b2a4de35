"""One sentence for people for every reason a plan can give, and the next step where a person has to take it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from mesms_gitops.model.plan import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

SENTENCES: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NEW: "not on the account yet",
        Reason.REVISION_RAISED: "the revision was raised: sent again on purpose",
        Reason.RETRY: "an earlier try did not go out; nothing of it was sent",
        Reason.RESUMED: "part of it is done; this is the rest, nobody in it was texted",
        Reason.CONTENT_CHANGED: "the text changed; the scheduled message is cancelled first",
        Reason.SENDER_CHANGED: "the sender changed; the scheduled message is cancelled first",
        Reason.SCHEDULE_CHANGED: "the time changed; the scheduled message is cancelled first",
        Reason.AUDIENCE_CHANGED: "the recipients changed; the scheduled message is cancelled first",
        Reason.SEVERAL_CHANGED: "several fields changed; the scheduled message is cancelled first",
        Reason.MANIFEST_DELETED: "its manifest is gone",
        Reason.DECLARED_CANCELLED: "the manifest says cancelled",
        Reason.DRAFT: "the manifest says draft",
        Reason.MOVED: "renamed; nothing is cancelled or sent again",
        Reason.RECOVERED: "its answer was lost; exactly one message on the account is this send",
        Reason.UNCHANGED: "the account already matches",
        Reason.ALREADY_SENT: "it has left; sent is final",
        Reason.NOTHING_TO_DO: "nothing to do",
        Reason.UNKNOWN_SEND: "nobody knows yet whether ME-SMS has this message; it is never sent on a guess",
        Reason.CHANGED_AFTER_START: "edited after it started; a started message cannot be changed or sent again",
        Reason.TOO_LATE_TO_CANCEL: "it has left and can no longer be cancelled",
        Reason.TIME_PASSED: "its time has passed and it did not go out; a past time is never sent now",
        Reason.CANCELLED_ELSEWHERE: "somebody cancelled it outside this tool; it is never re-created by itself",
        Reason.GONE: "ME-SMS does not know its message any more",
        Reason.FAILED_REMOTELY: "ME-SMS accepted it and then failed it; some people may have been texted",
        Reason.FROZEN: "stopped by the emergency stop",
        Reason.NAME_RESERVED: "another campaign was renamed from this name; it stays reserved",
        Reason.RENAMED: "the same message to the same people went out under a name whose manifest is gone",
        Reason.DUPLICATE: "another campaign already sends the same text to the same people at the same time",
        Reason.FOREIGN_MESSAGE: "the account already holds this very message, and no campaign here claims it",
        Reason.STATE_LOST: "state is empty, but the account holds messages of ours: the state was lost",
        Reason.REVISION_LOWERED: "the revision is lower than the one that was sent",
        Reason.ALL_FORGOTTEN: "everybody who is left on its lists asked to be forgotten: there is nobody to text",
    }
)

NEXT_STEPS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.UNKNOWN_SEND: "mesms-gitops resolve {name} shows the evidence and settles it",
        Reason.CHANGED_AFTER_START: "give the new text a new name, restore the old manifest (git checkout {file}), "
        "or raise `revision` to text everybody again",
        Reason.TOO_LATE_TO_CANCEL: "put `state: active` back; the message is out",
        Reason.TIME_PASSED: "write a new `schedule`, or `state: cancelled` if it is no longer wanted",
        Reason.CANCELLED_ELSEWHERE: "write `state: cancelled` to agree, or raise `revision` to send it after all",
        Reason.GONE: "look at the account; raise `revision` to send it, or write `state: cancelled`",
        Reason.FAILED_REMOTELY: "mesms-gitops report {name}; raise `revision` to text everybody again, also who got it",
        Reason.FROZEN: "mesms-gitops stop --release {name}",
        Reason.NAME_RESERVED: "choose another name",
        Reason.RENAMED: "add `moved_from` with the old name; to text the same people again, raise `revision`",
        Reason.DUPLICATE: "remove one of the two manifests",
        Reason.FOREIGN_MESSAGE: "mesms-gitops adopt UUID {name} if it is this campaign; "
        "after that apply, raise `revision` to send once more",
        Reason.STATE_LOST: "bring the state back (mesms-gitops state push FILE), or adopt its messages one by one",
        Reason.REVISION_LOWERED: "put the revision back",
        Reason.ALL_FORGOTTEN: "delete {file}, or write `state: cancelled` in it, which takes back what is scheduled; "
        "or change its lists",
    }
)
