"""What became of each recipient: from what is kept, else read from ME-SMS and kept.

Whom a send covered is read, and what became of them is written, under the state's lock; the long reading between is
not, so nobody's apply or stop has to wait for it. Whoever is forgotten meanwhile is left out before it is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mesms_gitops.cli.later_reading import Earlier, after_purge, beside_counts, beside_earlier, moment
from mesms_gitops.cli.wiring import Interrupt, client
from mesms_gitops.errors import ApiRefusal, ConfigError, Interrupted, MesmsError
from mesms_gitops.model.results import will_stay
from mesms_gitops.model.snapshot import Snapshot
from mesms_gitops.model.suppression import Suppression
from mesms_gitops.reconcile.doubts import beside_state
from mesms_gitops.reconcile.results import Asked, Covered, ResultReader
from mesms_gitops.store.result_form import NUMBER, SendResults, frame_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polars import DataFrame

    from mesms_gitops.api.client import MesmsClient
    from mesms_gitops.cli.wiring import Workplace
    from mesms_gitops.model.results import ResultHead, Results
    from mesms_gitops.model.sends import SendRecord
    from mesms_gitops.model.state import State
    from mesms_gitops.store.results import ResultFolder

_UNKNOWN: Final = 404
"""HTTP status of a message that ME-SMS does not know (any more)."""
KEEP_EVERY: Final = timedelta(seconds=30)
LEAST_PATIENCE: Final = 30.0
"""Seconds to wait for the lock once results were read: reading them again would cost more."""


@dataclass(slots=True)
class Gathering:
    """The results of some sends of ``state``.

    They stay as they came, with what is in doubt about them. Where ME-SMS does not know a message any more, what is
    kept of it stands, however old. Where nothing is kept, that is an error, or with ``leave_out`` a note: one message
    that was purged keeps nobody from the results of the others.
    """

    place: Workplace
    state: State
    lock_timeout: float = 0.0
    leave_out: bool = False
    interrupt: Interrupt = field(default_factory=Interrupt)
    left_out: int = 0
    """Messages of which there are no results."""
    _kept: ResultFolder = field(init=False)
    _earlier: dict[str, Earlier] = field(default_factory=dict)
    _waiting: list[SendResults] = field(default_factory=list)
    _found: dict[str, SendResults] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is touched yet."""
        self._kept = self.place.results()

    def all_of(self, sends: Sequence[tuple[str, SendRecord]]) -> list[SendResults]:
        """In the order given. Raises `MesmsError`, `Interrupted` after Ctrl-C.

        What was read is kept now and then, so the same command goes on where it was interrupted.
        """
        self._kept.check()
        missing = [one for one in sends if not self._is_known(*one)]
        if missing:
            with client(self.place.project, self.place.teller) as account, self.interrupt.watched():
                self._read_all(account, missing)
        return [self._found[record.fingerprint] for _, record in sends if record.fingerprint in self._found]

    def _is_known(self, name: str, record: SendRecord) -> bool:
        """Whether what is kept can stand for asking. What cannot be opened is read anew."""
        try:
            kept = self._kept.kept(name, record.fingerprint)
        except MesmsError as error:
            self.place.teller.note(f"{name}: {error.what} ({error.why}); it is read anew")
            return False
        if kept is None or kept.head.uuid != record.uuid:
            return False
        earlier = self._earlier[record.fingerprint] = Earlier.of(kept)
        is_known = will_stay(kept.head, earlier.counts, record)
        is_known = is_known and not beside_state(record, earlier.counts, kept.head.forgotten)
        if is_known:
            self._found[record.fingerprint] = kept
        return is_known

    def _read_all(self, account: MesmsClient, missing: Sequence[tuple[str, SendRecord]]) -> None:
        with self.place.store.lock("report", self.lock_timeout):
            kept = self.place.snapshots().all()
        snapshots = {each.fingerprint: each for each in kept if isinstance(each, Snapshot)}
        clock = self.place.clock
        kept_at = clock.now()
        try:
            for name, record in missing:
                covered = self._covered(record, snapshots.get(record.fingerprint))
                try:
                    found = self._read(account, name, record, *covered)
                except ApiRefusal as refusal:
                    if refusal.status != _UNKNOWN:
                        raise
                    self._without_message(name, record, refusal)
                    continue
                head = beside_counts(found.head, found.counts, record)
                self._waiting.append(self._beside_earlier(SendResults(head, frame_of(found))))
                if clock.now() - kept_at >= KEEP_EVERY:
                    self._keep()
                    kept_at = clock.now()
        finally:
            self.place.teller.done()
            self._keep()

    def _read(
        self, account: MesmsClient, name: str, record: SendRecord, covered: Covered | None, why_not: str
    ) -> Results:
        assert record.uuid is not None  # only messages that ME-SMS has taken are asked about
        reader = ResultReader(
            account,
            lambda: account.server_time() or self.place.clock.now(),
            self._check,
            lambda rows: self.place.teller.say(f"{name}: {rows:,} recipients read"),
        )
        found = reader.read(Asked(name, record.fingerprint, record.uuid, record.recipients), covered, why_not)
        for said in reader.said:
            self.place.teller.note(said)
        return found

    def _beside_earlier(self, found: SendResults) -> SendResults:
        """``found``, or what is kept where that has more; the earlier ones are opened once more only then."""
        earlier = self._earlier.get(found.head.fingerprint)
        if earlier is None:
            return found
        head = beside_earlier(found.head, Earlier.of(found).counts, earlier)
        if head.read_at == found.head.read_at:
            return SendResults(head, found.frame)
        return SendResults(head, self._kept.frame(head.campaign, head.fingerprint))

    def _without_message(self, name: str, record: SendRecord, refusal: ApiRefusal) -> None:
        """What is kept stands for a message that was purged. Raises `ApiRefusal` where there is nothing."""
        what = f"{name}: ME-SMS does not know the message any more (404)"
        earlier = self._earlier.get(record.fingerprint)
        if earlier is not None:
            self.place.teller.note(f"{what}; its results are those read {moment(earlier.head)}")
            frame = self._kept.frame(name, record.fingerprint)
            self._waiting.append(SendResults(after_purge(earlier), frame))
        elif self.leave_out:
            self.place.teller.note(f"{what}, and no results of it are kept: nobody of it is among these")
            self.left_out += 1
        else:
            raise ApiRefusal(
                what,
                status=refusal.status,
                code=refusal.code,
                where=refusal.where,
                why="no results of it are kept on this machine, so who had which is not known",
                next_step=f"mesms-gitops report {name}: the counts of the last look are in state",
            ) from refusal

    def _covered(self, record: SendRecord, snapshot: Snapshot | None) -> tuple[Covered | None, str]:
        """Whom the send covered, or why that is not known. Without the lock: a snapshot is replaced as a whole."""
        if record.group_id is not None:
            return None, f"only ME-SMS knows who is in contact group {record.group_id}"
        if snapshot is None:
            return None, "there is no snapshot of whom it covered"
        try:
            return Covered(self.place.snapshots().numbers_of(snapshot), snapshot.forgotten), ""
        except MesmsError as error:
            return None, f"its snapshot cannot be opened: {error.why or error.what}"

    def _keep(self) -> None:
        """What was read, without whoever is forgotten by now."""
        if not self._waiting:
            return
        with self.place.store.lock("report", max(self.lock_timeout, LEAST_PATIENCE)):
            state = self.place.stored_state()
            for found in self._waiting:
                head, frame = self._without_forgotten(*found, state)
                self._kept.keep(head, frame)
                self._found[head.fingerprint] = SendResults(head, frame)
        self._waiting = []

    def _without_forgotten(self, head: ResultHead, frame: DataFrame, state: State) -> tuple[ResultHead, DataFrame]:
        suppression = Suppression.of(state.suppressed, self.place.key_for(state))
        if not suppression:
            return head, frame
        import polars as pl

        from mesms_gitops.audience.forgotten import suppressed_among

        gone = suppressed_among(frame[NUMBER], suppression)
        rest = frame.filter(~pl.col(NUMBER).is_in(gone))
        return replace(head, forgotten=head.forgotten + frame.height - rest.height), rest

    def _check(self) -> None:
        if self.interrupt():
            raise Interrupted(
                "interrupted; what was read of whole messages is kept",
                next_step="the same command reads the rest",
            )


def sends_that_left(state: State, names: Sequence[str] | None) -> list[tuple[str, SendRecord]]:
    """The messages that have left, of the revision that each campaign (of ``names``) is at.

    Raises `ConfigError` where there are none.
    """
    from mesms_gitops.views.report import chosen, standing_of

    found = [
        (record.name, send)
        for record in chosen(state, names)
        for send in standing_of(record).sends
        if send.is_final and send.uuid
    ]
    if not found:
        raise ConfigError(
            "nothing has left yet, so nobody has a result",
            where=", ".join(names or ()) or "state",
            next_step="mesms-gitops refresh, once the hour of a campaign has come",
        )
    return found
