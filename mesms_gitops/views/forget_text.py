"""The proof that somebody was forgotten, to be read and to be filed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesms_gitops.views.layout import Sheet, counted, figure, printable, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mesms_gitops.model.snapshot import ForgetProof, Pending, Removal

BEYOND = (
    "messages already sent, and their history on ME-SMS: ask ME-SMS",
    "contact groups on ME-SMS: take the number out there",
    "your own lists, databases and exports",
    "numbers written into manifests or committed lists: git keeps them in its history",
    "backups and copies of this folder",
    (
        "what state keeps of sends already made: keyed digests (of all people together, and of each of the 50 lowest "
        "numbers), and sketches of the newest campaigns. Without the key no number can be read from them; with it, "
        "any number can be tried against the digests, and a sketch tells a little of each. Without MESMS_HASH_KEY "
        "the key follows from the state itself"
    ),
)
"""What this command cannot do."""


def forget_text(proof: ForgetProof, *, colour: bool = False, width: int = 80) -> str:
    """Blocks with a heading each; what is empty is left out."""
    sheet = Sheet.of(width=width, colour=colour)
    blocks = [
        [sheet.palette.bold(f"Forgotten: {proof.masked}, {_moment(proof.at)}")],
        list(_suppression(proof, sheet)),
        list(_snapshots(proof, sheet)),
        list(_results(proof)),
        list(_pending(proof, sheet)),
        ["Not covered by this", *(line for each in BEYOND for line in wrap(each, sheet.width, first="  - "))],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _suppression(proof: ForgetProof, sheet: Sheet) -> Iterator[str]:
    yield "Suppression"
    state = "written down now" if proof.is_new else "it was there before"
    yield f"  digest  {proof.entry} ({state})"
    yield f"  key     {proof.key_name}"
    yield from wrap("no plan and no apply from here texts this number any more", sheet.width, first="  ")


def _snapshots(proof: ForgetProof, sheet: Sheet) -> Iterator[str]:
    yield "Snapshots of audiences"
    gone = f", {counted(proof.expired, 'old one')} deleted" if proof.expired else ""
    had = f"the number was in {figure(len(proof.removals))} of them" if proof.removals else "the number was in none"
    yield f"  {figure(proof.looked_at)} looked at{gone}; {had}"
    for removal in proof.removals:
        yield from _removal(removal)
    for each in proof.unopened:
        yield from wrap(printable(each.where), sheet.width, first=f"  {sheet.palette.yellow('not opened')}  ")
        yield from wrap(printable(each.why), sheet.width, first="    why: ")
        if each.next_step:
            yield from wrap(f"{printable(each.next_step)}; then run this again", sheet.width, first="    next: ")


def _results(proof: ForgetProof) -> Iterator[str]:
    if not proof.results_looked_at:
        return
    yield "Delivery results"
    had = f"the number was in {figure(len(proof.results))} of them" if proof.results else "the number was in none"
    yield f"  {figure(proof.results_looked_at)} looked at; {had}"
    for head in proof.results:
        yield f"  removed from {printable(head.campaign)}, send {printable(head.fingerprint)}"


def _removal(removal: Removal) -> Iterator[str]:
    yield f"  removed from {printable(removal.campaign)}, send {printable(removal.fingerprint)}"
    yield f"    before  {removal.before}  {counted(removal.recipients_before, 'number')}"
    yield f"    after   {removal.after}  {counted(removal.recipients_after, 'number')}"


def _pending(proof: ForgetProof, sheet: Sheet) -> Iterator[str]:
    if proof.pending:
        yield "Messages that have not left and still name the person"
    for each in proof.pending:
        yield f"  {_message(each)}"
    if proof.unclear:
        yield "Messages that have not left and may name the person: no snapshot says"
    for each in proof.unclear:
        yield f"  {_message(each)}"
    half = sorted({printable(each.campaign) for each in (*proof.pending, *proof.unclear) if each.is_half_sent})
    if len(half) < len({each.campaign for each in (*proof.pending, *proof.unclear)}):
        yield from wrap(
            "mesms-gitops plan, then apply: it replaces what names the person", sheet.width, first="  next: "
        )
    if half:
        yield from wrap(
            f"mesms-gitops stop {' '.join(half)} cancels the rest of what is half sent, which is never replaced",
            sheet.width,
            first="  next: ",
        )


def _message(pending: Pending) -> str:
    when = f", for {_moment(pending.scheduled_at)}" if pending.scheduled_at else ""
    uuid = f" {printable(pending.uuid)}" if pending.uuid else ""
    return f"{printable(pending.campaign)}: {pending.phase.value}{uuid}{when}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
