"""What one commit changes, as a line of the journal says it: a few sends, not the state.

What is written is checked as `codec` checks a whole state, but only what is new is looked at: everything else was
looked at when it was new.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mesms_gitops.store.fields import Surprise, quoted
from mesms_gitops.store.rules import check_head, check_record, check_send
from mesms_gitops.store.state_trees import approval_tree, campaign_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import CampaignRecord, State
    from mesms_gitops.store.journal import SendKey


class Delta:
    """Goes from state to state, and says each step. After a `Surprise` it is of no use any more."""

    def __init__(self, state: State) -> None:
        """``state`` must be one that was written or read: it is not looked at again."""
        self._state = state
        self._claimed = {send.uuid for one in state.campaigns.values() for send in one.sends if send.uuid}

    def to(self, after: State) -> dict[str, object]:
        """The step to ``after``. Raises `Surprise` where that breaks a rule that the reader would refuse it for."""
        check_head(after)
        before = self._state
        steps = {
            name: _Step(before.campaigns.get(name), record)
            for name, record in after.campaigns.items()
            if before.campaigns.get(name) is not record
        }
        new = sum(name not in before.campaigns for name in steps)
        is_all_there = len(before.campaigns) + new == len(after.campaigns)
        gone = () if is_all_there else before.campaigns.keys() - after.campaigns.keys()
        for name, step in steps.items():
            step.check(name)
        self._claim(steps.values(), [send for name in gone for send in before.campaigns[name].sends])
        self._state = after
        campaigns = {name: step.tree() for name, step in steps.items()} | dict.fromkeys(gone)
        said: dict[str, object] = {"serial": after.serial}
        if campaigns:
            said["campaigns"] = campaigns
        if head := _head(before, after):
            said["head"] = head
        return said

    def _claim(self, steps: Iterable[_Step], gone: Iterable[SendRecord]) -> None:
        """Every message is one send's: what is given up first, then what is taken, since a send may change its name."""
        self._claimed.difference_update(send.uuid for send in gone if send.uuid)
        for step in steps:
            self._claimed.difference_update(send.uuid for send in step.given_up if send.uuid)
        for uuid in (send.uuid for step in steps for send in step.changed if send.uuid):
            if uuid in self._claimed:
                raise Surprise("campaigns", f"two sends claim the message {quoted(uuid)}")
            self._claimed.add(uuid)


class _Step:
    """One campaign before and after. ``changed`` and ``kept`` are the sends after, ``given_up`` those before."""

    def __init__(self, before: CampaignRecord | None, after: CampaignRecord) -> None:
        old = {} if before is None else _by_key(before.sends)
        new = _by_key(after.sends)
        self._after = after
        self._is_twofold = len(new) != len(after.sends)
        self.changed = [send for key, send in new.items() if old.get(key) is not send]
        self.kept = [send for key, send in new.items() if old.get(key) is send]
        self.given_up = [send for key, send in old.items() if new.get(key) is not send]
        self._gone = [list(key) for key in old if key not in new]

    def check(self, name: str) -> None:
        """Raises `Surprise` where what is new contradicts itself, or what was."""
        path = f"campaigns.{name}"
        if self._after.name != name:
            raise Surprise(path, f"the campaign under this name calls itself {quoted(self._after.name)}")
        check_record(self._after, path)
        if self._is_twofold:
            raise Surprise(f"{path}.sends", "a send stands twice in one revision")
        newest = self._after.revision
        for send in self.changed:
            check_send(send, newest, f"{path}.sends")
        if any(send.revision > newest for send in self.kept):
            raise Surprise(f"{path}.revision", "a send is of a newer revision than its campaign")

    def tree(self) -> dict[str, object]:
        """The campaign with the sends that changed, the keys of those that went, and how many are as they were."""
        tree = campaign_tree(replace(self._after, sends=tuple(self.changed)))
        if self._gone:
            tree["gone"] = self._gone
        if self.kept:
            tree["kept"] = len(self.kept)
        return tree


def _by_key(sends: Iterable[SendRecord]) -> dict[SendKey, SendRecord]:
    return {(send.revision, send.fingerprint): send for send in sends}


def _head(before: State, after: State) -> dict[str, object]:
    """What changes beside the campaigns; None for what is not there any more."""
    head: dict[str, object] = {}
    if after.approval != before.approval:
        head["approval"] = None if after.approval is None else approval_tree(after.approval)
    if after.hash_key != before.hash_key:
        head["hash_key"] = after.hash_key
    if after.suppressed != before.suppressed:
        head["suppressed"] = sorted(after.suppressed) or None
    return head
