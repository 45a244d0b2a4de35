"""The stories. Each ends with what must have become of everybody, whatever struck on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mesms_gitops.model.campaign import DeclaredState
from mesms_gitops.model.plan import Reason
from mesms_gitops.sandbox.defaults import API_KEY, GROUP_ID, OWNER
from mesms_gitops.sandbox.world import START, iso
from tests.store.memory_disk import Content

from .branch import stands_stopped
from .database import mirror, without_head
from .life import LONG, OTHER_GROUP, Scenario, Step, Want, beginning, wanted
from .machine import DATABASES, JOURNAL, STATE, Backend
from .manifests import SENDER, Manifest, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from .life import Wanted
    from .machine import Machine

DAY = timedelta(days=1)
AT = START + 2 * DAY
LATER = START + 3 * DAY
SOON = START + timedelta(minutes=25)
BACKUP = STATE.with_name(f"{STATE.name}.backup")
COPIES = {path: path.with_name(f"copy-{path.name}") for path in (STATE, JOURNAL)}

HELLO = Text("hello", (1, 2))
EDITED = Text("hello again", (1, 2))
OTHERS = Text("hello", (3, 4))

SALE = Manifest("sale", (HELLO,), AT)
NAMED = Manifest("named", (Text("hi anna", (1, 2)), Text("hi bob", (3,)), Text("hi carl", (4,))), AT)


def _by_hand(text: Text, at: datetime | None) -> Callable[[Machine], None]:
    """Somebody sends a message in the console."""

    def act(machine: Machine) -> None:
        body: dict[str, object] = {"sender": SENDER, "content": text.content, "msisdns": sorted(text.msisdns)}
        if at is not None:
            body["scheduledTime"] = iso(at)
        answer = machine.world.request("POST", "/sms/send", {}, body, API_KEY)
        assert answer.status == 200, answer

    return act


def _cancelled_by_hand(machine: Machine) -> None:
    """Somebody cancels everything that is scheduled in the console, but what is for Anna."""
    for message in list(machine.world.messages.values()):
        if message.phase == "scheduled" and message.content != "hi anna":
            machine.world.request("POST", f"/sms/{message.uuid}/cancel", {}, None, API_KEY)
            machine.cancelled_by_hand.append(message.uuid)


def _copied(machine: Machine) -> None:
    """Somebody keeps a copy of the state, and of the journal that a dead run left beside it."""
    for path, copy in COPIES.items():
        if path in machine.disk.entries:
            machine.disk.entries[copy] = machine.disk.entries[path]


def _restored(machine: Machine) -> None:
    """Somebody puts that copy back; a journal that has no business beside it goes."""
    if COPIES[STATE] not in machine.disk.entries:
        return
    for path, copy in COPIES.items():
        if copy in machine.disk.entries:
            body = machine.disk.entries[copy].seen
            machine.disk.entries[path] = Content(body, body)
        else:
            machine.disk.entries.pop(path, None)
    if machine.backend in DATABASES:
        mirror(machine)  # a copy of a database holds the stop as well
        machine.is_stopped &= stands_stopped(machine)


def _lost(*also: str) -> Callable[[Machine], None]:
    """The state is gone, and what ``also`` names beside it.

    In a database its head alone is, while the journal tells of it; with ``also``, the whole database.
    """

    def act(machine: Machine) -> None:
        if machine.backend in DATABASES and not also:
            without_head(machine)
            return
        for suffix in ("", *also):
            machine.disk.entries.pop(STATE.with_name(f"{STATE.name}{suffix}"), None)

    return act


def _want(
    *final: Manifest,
    names: tuple[str, ...] = (),
    former: tuple[Manifest, ...] = (),
    instead: tuple[Manifest, ...] = (),
    also_asks: frozenset[Reason] = frozenset(),
) -> Want:
    """All of ``final`` is to arrive; ``instead``, if something struck, any one of these alone is as good."""
    return Want(
        names or tuple(dict.fromkeys(manifest.name for manifest in (*final, *former))),
        (_texts(*final), *(_texts(one) for one in instead)),
        _texts(*former),
        also_asks,
    )


def _asks(*reasons: Reason) -> frozenset[Reason]:
    return frozenset(reasons)


def _nobody(name: str, *former: Manifest, **rest: Any) -> Want:
    return _want(names=(name,), former=former, **rest)


def _texts(*manifests: Manifest) -> tuple[Wanted, ...]:
    return tuple(each for manifest in manifests for each in wanted(manifest))


def _for_group(manifest: Manifest) -> Want:
    members = beginning().world.accounts[OWNER].groups[manifest.group or 0]
    return Want((manifest.name,), (wanted(manifest, frozenset(members)),))


NAMED_V2 = NAMED.but(texts=(NAMED.texts[0], Text("hi bobby", (3,)), Text("hi karl", (4,))))
V2 = SALE.but(texts=(EDITED,))
NOW = Manifest("flash", (HELLO,))
ONCE = NOW.but(undo=timedelta(0))
ONCE_V2 = ONCE.but(texts=(EDITED,))
NEW_NAME = SALE.but(name="sale-2", moved_from="sale")
GROUP = Manifest("group", (Text("dear members", ()),), AT, group=GROUP_ID)
GROUPS = (GROUP, GROUP.but(name="group-too", group=OTHER_GROUP))
TWINS = (SALE, SALE.but(name="sale-others", texts=(OTHERS,)))
QUICKLY = timedelta(minutes=-9)
"""A turn that follows the one before by a minute."""
MOVED_PERSON = NAMED.but(texts=(Text("hi anna", (1,)), Text("hi bob", (2, 3)), NAMED.texts[2]))
NAMED_NOW = NAMED.but(at=None)
OTHER_TEXTS = (Text("hi dora", (5,)), Text("hi emil", (6,)), Text("hi fern", (7,)))
CROWD = (
    NAMED,
    *(Manifest(f"crowd-{text.content[3:]}", (text,), AT) for text in OTHER_TEXTS),
    Manifest("once", (Text("hi gus", (8,)),), undo=timedelta(0)),
)
ONCE_OTHERS = ONCE.but(texts=(Text("now then", (8, 9)),))
SALE_OTHERS = Manifest("z-sale", (Text("a sale", (8, 9)),), AT)
LATE_CROWD = (NAMED.but(at=SOON), *(Manifest(f"crowd-{text.content[3:]}", (text,), SOON) for text in OTHER_TEXTS[:2]))
TIMES = (SALE, SALE.but(name="sale-later", at=LATER))

_LOST = _asks(Reason.STATE_LOST, Reason.FOREIGN_MESSAGE, Reason.TIME_PASSED)
_ALL = (
    Scenario("new", (Step((SALE,)),), (_want(SALE),), (1, 0)),
    Scenario("edited", (Step((SALE,)), Step((V2,))), (_want(V2, former=(SALE,)),), (2, 1)),
    Scenario(
        "edited-back",
        (Step((SALE,), calm=True), Step((V2,), calm=True), Step((SALE,))),
        (_want(SALE, former=(V2,)),),
        (3, 2),
    ),
    Scenario("deleted", (Step((SALE,)), Step(())), (_nobody("sale", SALE),), (1, 1)),
    Scenario("draft", (Step((SALE.but(state=DeclaredState.DRAFT),)), Step((SALE,))), (_want(SALE),), (1, 0)),
    Scenario("renamed", (Step((SALE,)), Step((NEW_NAME,))), (_want(SALE, names=("sale", "sale-2")),), (1, 0)),
    Scenario(
        "renamed-without",
        (Step((SALE,)), Step((SALE.but(name="sale-2"),))),
        (_want(SALE, names=("sale", "sale-2")),),
        (2, 1),
    ),
    Scenario(
        "renamed-sent",
        (Step((ONCE,)), Step((ONCE.but(name="flash-2"),))),
        (_want(ONCE, names=("flash", "flash-2"), also_asks=_asks(Reason.RENAMED)),),
        (1, 0),
    ),
    Scenario(
        "renamed-sent-revised",
        (Step((ONCE.but(revision=2),)), Step((ONCE.but(name="flash-2", revision=2),))),
        (_want(ONCE, names=("flash", "flash-2"), also_asks=_asks(Reason.RENAMED)),),
        (1, 0),
    ),
    Scenario("twins", (Step(TWINS),), (_want(TWINS[0]), _want(TWINS[1])), (2, 0)),
    Scenario("two-times", (Step(TIMES),), (_want(TIMES[0]), _want(TIMES[1])), (2, 0)),
    Scenario("named", (Step((NAMED,)),), (_want(NAMED),), (3, 0)),
    Scenario(
        "named-edited",
        (
            Step((NAMED,), calm=True),
            Step((NAMED_V2,)),
        ),
        (_want(NAMED_V2, former=(NAMED,)),),
        (5, 2),
    ),
    Scenario("now", (Step((NOW,)),), (_want(NOW),), (1, 0)),
    Scenario("at-once", (Step((ONCE,)),), (_want(ONCE),), (1, 0)),
    Scenario(
        "at-once-named",
        (Step((NAMED.but(at=None, undo=timedelta(0)),)),),
        (_want(NAMED.but(at=None, undo=timedelta(0))),),
        (3, 0),
    ),
    Scenario(
        "edited-after-start",
        (Step((ONCE,)), Step((ONCE_V2,))),
        (_want(ONCE, instead=(ONCE_V2,), also_asks=_asks(Reason.CHANGED_AFTER_START)),),
        (1, 0),
    ),
    Scenario(
        "revised",
        (Step((ONCE,)), Step((ONCE.but(revision=2),))),
        (_want(ONCE, ONCE, instead=(ONCE,)),),
        (2, 0),
    ),
    Scenario("revised-scheduled", (Step((SALE,)), Step((SALE.but(revision=2),))), (_want(SALE),), (2, 1)),
    Scenario("group", (Step((GROUP,)),), (_for_group(GROUP),), (1, 0)),
    Scenario(
        "by-hand",
        (Step((), act=_by_hand(HELLO, AT)), Step((SALE,))),
        (_want(SALE, also_asks=_asks(Reason.FOREIGN_MESSAGE, Reason.STATE_LOST, Reason.TIME_PASSED)),),
        (1, 0),
    ),
    Scenario(
        "by-hand-to-others",
        (Step((), act=_by_hand(OTHERS, AT), calm=True), Step((SALE,))),
        (_want(SALE), Want((), (wanted(TWINS[1]),))),
        (2, 0),
    ),
    Scenario(
        "by-hand-to-others-later",
        (Step((SALE,)), Step(act=_by_hand(OTHERS, AT))),
        (_want(SALE), Want((), (wanted(TWINS[1]),))),
        (2, 0),
    ),
    Scenario(
        "cancelled-by-hand",
        (Step((SALE,)), Step(act=_cancelled_by_hand)),
        (_nobody("sale", instead=(SALE,), also_asks=_asks(Reason.CANCELLED_ELSEWHERE)),),
        (1, 1),
    ),
    Scenario(
        "restored",
        (
            Step((SALE,), calm=True),
            Step((SALE, NAMED), act=_copied),
            Step(act=_restored, wait=LONG),
        ),
        (_want(SALE), _want(NAMED, also_asks=_asks(Reason.FOREIGN_MESSAGE, Reason.TIME_PASSED))),
        (4, 0),
    ),
    Scenario(
        "lost",
        (Step((SALE,), calm=True), Step((SALE, TWINS[1]), act=_lost(".backup"))),
        (_want(SALE, also_asks=_LOST), _nobody("sale-others", also_asks=_LOST)),
        (1, 0),
    ),
    Scenario(
        "edited-back-quickly",
        (Step((SALE,), calm=True), Step((V2,), calm=True, wait=QUICKLY), Step((SALE,), wait=QUICKLY)),
        (_want(SALE, former=(V2,)),),
        (3, 2),
    ),
    Scenario("deleted-and-back", (Step((SALE,), calm=True), Step(()), Step((SALE,))), (_want(SALE),), (2, 1)),
    Scenario(
        "restored-midway",
        (Step((NAMED,)), Step(act=_copied), Step(act=_restored, wait=LONG)),
        (_want(NAMED, also_asks=_asks(Reason.FOREIGN_MESSAGE, Reason.TIME_PASSED)),),
        (3, 0),
    ),
    Scenario(
        "restored-revised",
        (Step((ONCE,), calm=True), Step((ONCE.but(revision=2),), act=_copied), Step(act=_restored, wait=LONG)),
        (_want(ONCE, ONCE, also_asks=_asks(Reason.FOREIGN_MESSAGE, Reason.TIME_PASSED)),),
        (2, 0),
    ),
    Scenario("two-times-now", (Step((SALE, ONCE)),), (_want(SALE), _want(ONCE)), (2, 0)),
    Scenario("groups", (Step(GROUPS),), (_for_group(GROUPS[0]), _for_group(GROUPS[1])), (2, 0)),
    Scenario(
        "some-cancelled-by-hand",
        (Step((NAMED_NOW,)), Step(act=_cancelled_by_hand, wait=QUICKLY), Step(), Step()),
        (
            Want(
                ("named",),
                (wanted(NAMED_NOW)[:1], wanted(NAMED_NOW), *((each,) for each in wanted(NAMED_NOW)), ()),
                also_asks=_asks(Reason.CANCELLED_ELSEWHERE, Reason.TIME_PASSED),
            ),
        ),
        (3, 2),
    ),
    Scenario(
        "cancelled-by-hand-later",
        (Step((SALE,), calm=True), Step((V2,)), Step((SALE,)), Step(act=_cancelled_by_hand)),
        (_nobody("sale", V2, instead=(SALE,), also_asks=_asks(Reason.CANCELLED_ELSEWHERE)),),
        (3, 3),
    ),
    Scenario(
        "lost-with-backup",
        (Step((SALE,), calm=True), Step((SALE, TWINS[1]), act=_lost())),
        (_want(SALE), _nobody("sale-others")),
        (1, 0),
        may_refuse=True,
    ),
    Scenario(
        "moved-person",
        (Step((NAMED,), calm=True), Step((MOVED_PERSON,))),
        (_want(MOVED_PERSON, former=(NAMED,)),),
        (5, 2),
    ),
    Scenario(
        "late-named",
        (Step((NAMED.but(at=SOON),)), Step(), Step()),
        (_want(NAMED.but(at=SOON)),),
        (3, 0),
    ),
    Scenario(
        "late",
        (Step((SALE.but(at=SOON),)), Step(), Step()),
        (_want(SALE.but(at=SOON)),),
        (1, 0),
    ),
)
WAVE = 4
"""Enough for waves of one, two and three in the stories below."""
_IN_WAVES = (
    Scenario("waves", (Step(CROWD),), tuple(_want(one) for one in CROWD), (7, 0), wave=WAVE),
    Scenario("waves-now", (Step((NAMED_NOW, ONCE_OTHERS)),), (_want(NAMED_NOW), _want(ONCE_OTHERS)), (4, 0), wave=WAVE),
    Scenario(
        "waves-edited",
        (Step((NAMED,), calm=True), Step((NAMED_V2, SALE_OTHERS))),
        (_want(NAMED_V2, former=(NAMED,)), _want(SALE_OTHERS)),
        (6, 2),
        wave=WAVE,
    ),
    Scenario(
        "waves-late", (Step(LATE_CROWD), Step(), Step()), tuple(_want(one) for one in LATE_CROWD), (5, 0), wave=WAVE
    ),
    Scenario("waves-twins", (Step(TWINS),), (_want(TWINS[0]), _want(TWINS[1])), (2, 0), wave=WAVE),
)
_IN_FILES: Mapping[str, Scenario] = MappingProxyType({scenario.name: scenario for scenario in (*_ALL, *_IN_WAVES)})
_ELSEWHERE = {
    Backend.BRANCH: ("new", "at-once", "edited", "named", "late", "waves-now"),
    Backend.SQLITE: ("new", "at-once", "edited", "named", "late"),
    Backend.POSTGRESQL: ("new", "at-once", "edited", "named", "late"),
}
"""The stories that the proof tells again with their state kept elsewhere."""


def kept_in(backend: Backend, name: str) -> Scenario:
    """The story ``name`` with its state kept in ``backend``."""
    return replace(
        _IN_FILES[name],
        name=f"{backend}-{name}",
        backend=backend,
        wave=WAVE if backend in (Backend.BRANCH, Backend.BUCKET) else 1,
    )


def all_in(backend: Backend) -> tuple[str, ...]:
    """The names of all stories with their state kept in ``backend``."""
    return tuple(name if backend is Backend.FILE else f"{backend}-{name}" for name in _IN_FILES)


def story(name: str) -> Scenario:
    """The story of that name; with the name of a backend before it, the one that is kept there."""
    if name in _IN_FILES:
        return _IN_FILES[name]
    backend, _, plain = name.partition("-")
    return kept_in(Backend(backend), plain)


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {**_IN_FILES, **{f"{each}-{name}": kept_in(each, name) for each, names in _ELSEWHERE.items() for name in names}}
)
"""What the proof tells."""
