"""A state as bytes and back: nothing is lost, nothing is guessed, and two equal states are two equal files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesms_gitops.errors import StateError, StateUnreadable
from mesms_gitops.model.sends import CancelIntent, CancelReason, SendPhase, SendRecord
from mesms_gitops.model.sketch import AudienceSketch
from mesms_gitops.model.state import STATE_VERSION, Approval, CampaignRecord, ManifestRecord, State
from mesms_gitops.store.codec import Writer, decode, encode

from .strategies import states

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "state.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is not a failure
NOON = datetime(2027, 4, 10, 3, 0, tzinfo=UTC)


def send(**changes: object) -> SendRecord:
    base = SendRecord(
        fingerprint="f1",
        revision=1,
        phase=SendPhase.SCHEDULED,
        run="run-1",
        intended_at=NOON,
        scheduled_at=NOON,
        sender="SiamCoffee",
        recipients=3,
        parts=1,
        uuid="0b5f0000-0000-4000-8000-000000000001",
    )
    return replace(base, **changes)


def state(*sends: SendRecord, **changes: object) -> State:
    record = CampaignRecord("songkran", "campaigns/songkran.yaml", 2, sends=sends)
    return replace(State("lineage-1", 7, campaigns=MappingProxyType({"songkran": record})), **changes)


EXAMPLE = State(
    lineage="6f2a0000-0000-5000-8000-000000000002",
    serial=57,
    hash_key="00aa11bb22cc33dd",
    approval=Approval("sha256:9d1f", "run-2", ("s1", "s2")),
    campaigns=MappingProxyType(
        {
            "songkran": CampaignRecord(
                "songkran",
                "campaigns/songkran.yaml",
                1,
                manifest=ManifestRecord({"content": "สวัสดี"}, {"content": "c0ffee"}),
                sends=(
                    send(
                        phase=SendPhase.CANCELLED,
                        credits=3,
                        text_digest="t1",
                        audience_digest="a1",
                        undo_window=600,
                        delivery=MappingProxyType({"pending": 3}),
                        cancel=CancelIntent("run-2", NOON + timedelta(microseconds=5), CancelReason.REPLACE),
                        reason="replaced",
                    ),
                    send(fingerprint="f2", phase=SendPhase.UNKNOWN, uuid=None, sample=("n1", "n2")),
                ),
            ),
            "early": CampaignRecord("early", "campaigns/early.yaml", 1, retired=True, moved_to="songkran"),
        }
    ),
)

EXAMPLE_TEXT = """\
{
  "approval": {
    "digest": "sha256:9d1f",
    "run": "run-2",
    "steps": [
      "s1",
      "s2"
    ]
  },
  "campaigns": {
    "early": {
      "file": "campaigns/early.yaml",
      "moved_to": "songkran",
      "retired": true,
      "revision": 1
    },
    "songkran": {
      "file": "campaigns/songkran.yaml",
      "manifest": {
        "digests": {
          "content": "c0ffee"
        },
        "shown": {
          "content": "สวัสดี"
        }
      },
      "revision": 1,
      "sends": [
        {
          "audience_digest": "a1",
          "cancel": {
            "at": "2027-04-10T03:00:00.000005Z",
            "reason": "replace",
            "run": "run-2"
          },
          "credits": 3,
          "delivery": {
            "pending": 3
          },
          "fingerprint": "f1",
          "intended_at": "2027-04-10T03:00:00Z",
          "parts": 1,
          "phase": "cancelled",
          "reason": "replaced",
          "recipients": 3,
          "revision": 1,
          "run": "run-1",
          "scheduled_at": "2027-04-10T03:00:00Z",
          "sender": "SiamCoffee",
          "text_digest": "t1",
          "undo_window": 600,
          "uuid": "0b5f0000-0000-4000-8000-000000000001"
        },
        {
          "fingerprint": "f2",
          "intended_at": "2027-04-10T03:00:00Z",
          "parts": 1,
          "phase": "unknown",
          "recipients": 3,
          "revision": 1,
          "run": "run-1",
          "sample": [
            "n1",
            "n2"
          ],
          "scheduled_at": "2027-04-10T03:00:00Z",
          "sender": "SiamCoffee"
        }
      ]
    }
  },
  "hash_key": "00aa11bb22cc33dd",
  "lineage": "6f2a0000-0000-5000-8000-000000000002",
  "serial": 57,
  "version": 1
}
"""


def test_the_whole_form() -> None:
    """The file looks like this, byte for byte."""
    assert encode(EXAMPLE).decode() == EXAMPLE_TEXT
    assert encode(decode(EXAMPLE_TEXT.encode())) == EXAMPLE_TEXT.encode()


@given(states())
@CALM
def test_nothing_is_lost(made: State) -> None:
    """What was written reads back as the same state, and writes back as the same bytes."""
    body = encode(made)
    again = decode(body)
    assert again == made
    assert encode(again) == body


@given(states())
@CALM
def test_the_form_is_plain_json(made: State) -> None:
    """The bytes are what any JSON tool would make with sorted keys and two spaces."""
    body = encode(made).decode()
    assert json.dumps(json.loads(body), sort_keys=True, indent=2, ensure_ascii=False) + "\n" == body


@given(states())
@CALM
def test_the_schema_knows_every_state(made: State) -> None:
    """``schemas/state.schema.json`` describes what is written."""
    VALIDATOR.validate(json.loads(encode(made)))


def test_the_schema_is_a_schema() -> None:
    """It is valid JSON Schema 2020-12, and speaks of the version that is written."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["version"]["const"] == STATE_VERSION


@given(states(), st.randoms(use_true_random=False))
@CALM
def test_order_means_nothing(made: State, random) -> None:
    """Equal states are equal bytes, whatever order campaigns, sends and counts came in, and whatever the zone."""
    shuffled = {}
    for name in random.sample(sorted(made.campaigns), len(made.campaigns)):
        record = made.campaigns[name]
        sends = [
            replace(
                each,
                intended_at=each.intended_at.astimezone(timezone(timedelta(hours=7))),
                delivery=dict(random.sample(sorted(each.delivery.items()), len(each.delivery))),
            )
            for each in record.sends
        ]
        random.shuffle(sends)
        shuffled[name] = replace(record, sends=tuple(sends))
    assert encode(replace(made, campaigns=shuffled)) == encode(made)


@given(st.lists(states(lineages=st.just("l")), min_size=2, max_size=3))
@settings(CALM, max_examples=50)
def test_a_writer_remembers_nothing_wrong(made: list[State]) -> None:
    """Writing states one after the other gives the same bytes as writing each afresh."""
    writer = Writer()
    mixed = [*made, replace(made[0], campaigns=MappingProxyType({**made[0].campaigns, **made[1].campaigns}))]
    for each in mixed:
        try:
            fresh = encode(each)
        except StateError:
            with pytest.raises(StateError):
                writer.encode(each)
            continue
        assert writer.encode(each) == fresh


SKETCH = AudienceSketch(50, bytes(range(32)))
SKETCH_TEXT = "50:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_a_sketch_is_one_line() -> None:
    """A diff of two states shows one line for a list that moved, and a state from before there were any reads."""
    early = EXAMPLE.campaigns["early"]
    made = EXAMPLE.with_campaign(replace(early, sketch=SKETCH))
    before, after = (encode(each).decode().splitlines() for each in (EXAMPLE, made))
    assert [line for line in after if line not in before] == [f'      "sketch": "{SKETCH_TEXT}"']
    assert decode(encode(made)) == made
    assert decode(EXAMPLE_TEXT.encode()).campaigns["early"].sketch is None


@pytest.mark.parametrize(
    "text",
    ["", "50", "50:", "x:AA==", "51:AA==", "-1:", "050:", SKETCH_TEXT[:-4], SKETCH_TEXT + "AAAA", f"{SKETCH_TEXT}\n"],
)
def test_a_sketch_that_is_none_is_refused_with_its_place(text: str) -> None:
    """Of the wrong length, or not base64: nothing is guessed."""
    body = encode(EXAMPLE.with_campaign(replace(EXAMPLE.campaigns["early"], sketch=SKETCH))).decode()
    with pytest.raises(StateUnreadable, match="cannot be read") as caught:
        decode(body.replace(json.dumps(SKETCH_TEXT), json.dumps(text)).encode())
    assert caught.value.where.endswith("campaigns.early.sketch")


def test_a_sketch_that_could_not_be_read_is_not_written() -> None:
    with pytest.raises(StateError):
        encode(EXAMPLE.with_campaign(replace(EXAMPLE.campaigns["early"], sketch=AudienceSketch(51, b""))))


@pytest.mark.parametrize("phase", SendPhase)
def test_a_sample_is_kept_as_long_as_it_can_be_needed(phase: SendPhase) -> None:
    """Of a send whose outcome nobody knows, and of no other, whether it is written or read."""
    made = state(send(phase=phase, sample=("n1", "n2")))
    [read] = decode(encode(made)).campaigns["songkran"].sends
    assert (b'"sample"' in encode(made)) is read.is_unsettled
    assert read.sample == (("n1", "n2") if read.is_unsettled else ())
    older = encode(made).replace(b'"parts": 1', b'"parts": 1,\n          "sample": ["n1", "n2"]')
    if not read.is_unsettled:
        assert decode(older).campaigns["songkran"].sends == (read,)
        assert encode(decode(older)) == encode(made)


def test_every_truncation_is_noticed() -> None:
    """A state cut short at any byte is unreadable, never another state."""
    body = encode(EXAMPLE)
    for length in range(len(body) - 1):
        with pytest.raises(StateUnreadable) as caught:
            decode(body[:length], "state.json", lambda: "restore state.json.backup")
        assert "state.json" in caught.value.where
        assert caught.value.next_step == "restore state.json.backup"


@given(states(), st.data())
@settings(CALM, max_examples=150)
def test_a_flipped_byte_is_noticed_or_harmless(made: State, data) -> None:
    """Any single wrong byte is an error of ours, or leaves a state that keeps every rule."""
    body = bytearray(encode(made))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = decode(bytes(body))
    except StateUnreadable:
        return
    assert decode(encode(read)) == read


def edited(old: str, new: str) -> bytes:
    body = encode(state(send()))
    assert body.count(old.encode()) == 1, old
    return body.replace(old.encode(), new.encode())


SURPRISES = {
    "missing key": (
        edited('      "file": "campaigns/songkran.yaml",\n', ""),
        "campaigns.songkran",
        '"file" is missing',
    ),
    "no version": (edited(',\n  "version": 1', ""), "", '"version" is missing'),
    "text for number": (edited('"serial": 7', '"serial": "7"'), "serial", "whole number"),
    "boolean for number": (edited('"serial": 7', '"serial": true'), "serial", "whole number"),
    "fraction": (edited('"serial": 7', '"serial": 7.0'), "serial", "whole number"),
    "negative serial": (edited('"serial": 7', '"serial": -7'), "serial", "whole number"),
    "null": (edited('"serial": 7', '"serial": null'), "serial", "whole number"),
    "endless number": (edited('"serial": 7', f'"serial": {"9" * 5000}'), "", "a number that cannot be meant"),
    "NaN": (edited('"serial": 7', '"serial": NaN'), "", "NaN is not a number"),
    "number for text": (edited('"sender": "SiamCoffee"', '"sender": 5'), "sends[0].sender", "not a text"),
    "list for object": (
        b'{"version": 1, "lineage": "l", "serial": 1, "campaigns": []}\n',
        "campaigns",
        "not an object",
    ),
    "object for list": (edited('"parts": 1', '"parts": 1, "sample": {}'), "sends[0].sample", "not a list"),
    "text for boolean": (edited('"revision": 2', '"revision": 2, "retired": "no"'), "retired", "true or false"),
    "unknown key": (edited('"serial": 7', '"serial": 7, "seriel": 8'), "", '"seriel" is not known'),
    "unknown key deep": (edited('"parts": 1', '"parts": 1, "part": 2'), "sends[0]", '"part" is not known'),
    "duplicate key": (edited('"serial": 7', '"serial": 7, "serial": 8'), "", '"serial" stands twice'),
    "unknown phase": (edited('"scheduled",', '"queued",'), "sends[0].phase", '"queued" is none of'),
    "no zone": (edited('"intended_at": "2027-04-10T03:00:00Z"', '"intended_at": "2027-04-10T03:00:00"'), "at", "time"),
    "another zone": (
        edited('"intended_at": "2027-04-10T03:00:00Z"', '"intended_at": "2027-04-10T10:00:00+07:00"'),
        "intended_at",
        "not a time like 2027-04-10T03:00:00Z",
    ),
    "no such day": (edited('"intended_at": "2027-04-10', '"intended_at": "2027-04-31'), "intended_at", "time"),
    "not UTF-8": (edited("SiamCoffee", "Siam").replace(b"Siam", b"Si\xff"), "byte", "not UTF-8"),
    "half a character": (edited("SiamCoffee", "\\ud800"), "sender", "surrogate"),
    "marked with a BOM": (b"\xef\xbb\xbf" + encode(state()), "1:1", "not JSON"),
    "not an object": (b"[]\n", "", "not an object"),
    "blank": (b" \n\n", "", "empty"),
    "deep enough": (
        edited('"serial": 7', f'"serial": {"[" * 400}{"]" * 400}'),
        "serial",
        "a list is not a whole number",
    ),
    "deep": (b"[" * 200_000 + b"\n", "", "nested too deeply"),
    "version 0": (edited('"version": 1', '"version": 0'), "version", "not a version"),
    "version in words": (edited('"version": 1', '"version": "1"'), "version", "not a version"),
    "scheduled without uuid": (
        edited(',\n          "uuid": "0b5f0000-0000-4000-8000-000000000001"', ""),
        "sends[0].uuid",
        "a send that is scheduled has the uuid",
    ),
    "empty uuid": (edited("0b5f0000-0000-4000-8000-000000000001", ""), "sends[0].uuid", "uuid"),
    "empty fingerprint": (edited('"f1"', '""'), "sends[0].fingerprint", "empty"),
    "empty lineage": (edited('"lineage-1"', '""'), "lineage", "empty"),
    "a send of no revision": (edited('"revision": 1', '"revision": 3'), "sends[0].revision", "(1 to 2)"),
    "revision 0": (edited('"revision": 2', '"revision": 0'), "revision", "1 or more"),
    "held at no revision": (edited('"revision": 2', '"revision": 2, "held_at": 0'), "held_at", "1 or more"),
    "a name that is none": (edited('"songkran":', '"Songkran":'), "Songkran", "not a campaign name"),
    "moved but sending": (edited('"revision": 2', '"revision": 2, "moved_to": "x"'), "sends", "still holds sends"),
    "twice in one revision": (
        encode(state(send(), send(fingerprint="f2", uuid="0b5f0000-0000-4000-8000-000000000002"))).replace(
            b"f2", b"f1"
        ),
        "sends[1].fingerprint",
        "twice in one revision",
    ),
    "one message claimed twice": (
        encode(state(send(), send(fingerprint="f2", uuid="0b5f0000-0000-4000-8000-000000000002"))).replace(
            b"000000002", b"000000001"
        ),
        "campaigns",
        "two sends claim",
    ),
}


@pytest.mark.parametrize("case", SURPRISES)
def test_a_surprise_is_named_with_its_place(case: str) -> None:
    """What this tool would not have written is refused, with where and why and what to do."""
    body, path, why = SURPRISES[case]
    with pytest.raises(StateUnreadable) as caught:
        decode(body, "state.json", lambda: "restore state.json.backup")
    assert caught.value.where.startswith("state.json")
    assert path in caught.value.where
    assert why in caught.value.why
    assert caught.value.next_step == "restore state.json.backup"


def test_broken_json_has_a_line_and_a_column() -> None:
    """A slip of the editor is found where it was made."""
    with pytest.raises(StateUnreadable) as caught:
        decode(edited('"parts": 1', '"parts" 1'), "state.json")
    assert caught.value.where == "state.json:10:19"


@pytest.mark.parametrize("tree", ['{"version": 2}', '{"version": 99, "campaigns": {"x": {"sends": 5}}, "new": []}'])
def test_a_newer_state_is_left_alone(tree: str) -> None:
    """A file from a newer version is refused as such, however it looks otherwise, and not as damage."""
    with pytest.raises(StateUnreadable) as caught:
        decode(f"{tree}\n".encode(), "state.json", lambda: "restore the backup")
    assert "newer mesms-gitops" in caught.value.what
    assert "nothing was sent or changed" in caught.value.what
    assert "upgrade" in caught.value.next_step


ALLOWED = {
    "a default written out": edited('"revision": 2', '"revision": 2, "retired": false'),
    "other spaces": json.dumps(json.loads(encode(state(send())))).encode() + b"\n",
    "line ends of another system": encode(state(send())).replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_a_hand_edit_that_means_the_same_is_allowed(case: str) -> None:
    """Only what the tool relies on is a rule."""
    assert decode(ALLOWED[case]) == state(send())


BROKEN = {
    "no uuid": state(send(uuid=None)),
    "naive time": state(send(intended_at=datetime(2027, 4, 10))),
    "less than nobody": state(send(recipients=-1)),
    "twice": state(send(), send()),
    "claimed twice": state(send(), send(fingerprint="f2")),
    "half a character": state(send(sender="\ud800")),
    "another name": replace(state(), campaigns={"other": CampaignRecord("songkran", "f", 1)}),
    "negative serial": state(serial=-1),
    "no lineage": state(lineage=""),
    "no hash key": state(hash_key=""),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_could_not_be_read_back_is_not_written(case: str) -> None:
    """A state that breaks a rule is refused while the recorded one still stands."""
    with pytest.raises(StateError) as caught:
        encode(BROKEN[case])
    assert not isinstance(caught.value, StateUnreadable)
    assert caught.value.next_step


def test_a_change_is_a_small_diff() -> None:
    """One send that moves on changes the lines that say so, and the serial, and nothing else."""
    before = state(send(), send(fingerprint="f0", uuid=None, phase=SendPhase.INTENDED), serial=7)
    moved = before.campaigns["songkran"].with_send(send(phase=SendPhase.STARTED))
    after = replace(before.with_campaign(moved), serial=8)
    old, new = encode(before).decode().splitlines(), encode(after).decode().splitlines()
    assert len(old) == len(new)
    assert [line.strip() for line, was in zip(new, old, strict=True) if line != was] == [
        '"phase": "started",',
        '"serial": 8,',
    ]
