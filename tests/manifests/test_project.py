"""The project file: where it is found, what it means, and everything that can be wrong with it."""

from __future__ import annotations

import hashlib
from datetime import time, timedelta

import pytest

from mesms_gitops.errors import ManifestError
from mesms_gitops.manifests.discover import project_file_above
from mesms_gitops.manifests.project import load_project, load_project_leniently
from mesms_gitops.model.campaign import Window
from mesms_gitops.model.project import ApiSettings, AudienceSettings, Policy

FULL = """\
version: 1
campaigns: [campaigns/, more/*.yaml]
timezone: Asia/Tokyo
state: git:mesms-state
undo_window: 0
api: {base_url: http://127.0.0.1:8900/api/v2/, requests_per_second: 0.5, timeout: 1m30s}
defaults: {sender: SiamCoffee, class: marketing}
audience: {engine: spark, keep: 30d, encrypt_to: [age1xplnyl2cah5520yhsq7vm5z5x637l8xsfaa49ap5c4546uycx5lszhmr0z]}
policy:
  senders: [SiamCoffee]
  windows: {marketing: "10:00-19:00", transactional: "06:00-24:00"}
  links: [SiamCoffee.example, "*.shop.example"]
  max_parts: 3
  max_recipients: {campaign: 100, apply: 200}
  max_credits: {campaign: 300}
  min_balance_after: 0
  max_audience_change: 12.5%
encryption: {state: [age1xplnyl2cah5520yhsq7vm5z5x637l8xsfaa49ap5c4546uycx5lszhmr0z]}
"""


def codes(place, text: str | bytes) -> list[str]:
    place.write("mesms.yaml", text)
    with pytest.raises(ManifestError) as caught:
        load_project(place.root / "mesms.yaml")
    return [f"{item.position.line}:{item.position.column} {item.code}" for item in caught.value.diagnostics]


def test_every_key_is_understood(place):
    place.write("mesms.yaml", FULL)
    loaded = place.project
    project = loaded.project
    assert project.root == place.root.resolve()
    assert project.file == "mesms.yaml"
    assert project.campaigns == ("campaigns/", "more/*.yaml")
    assert project.timezone == "Asia/Tokyo"
    assert project.state == "git:mesms-state"
    assert project.undo_window == timedelta(0)
    assert project.encryption.state == ("age1xplnyl2cah5520yhsq7vm5z5x637l8xsfaa49ap5c4546uycx5lszhmr0z",)
    assert project.api == ApiSettings("http://127.0.0.1:8900/api/v2", 0.5, 90.0)
    assert project.policy == Policy(
        senders=("SiamCoffee",),
        windows={"marketing": Window(time(10), time(19)), "transactional": Window(time(6), time.max)},
        links=("siamcoffee.example", "*.shop.example"),
        max_parts=3,
        max_recipients_campaign=100,
        max_recipients_apply=200,
        max_credits_campaign=300,
        min_balance_after=0,
        max_audience_change=0.125,
    )
    assert loaded.audience_engine == "spark"
    assert project.audience == AudienceSettings(
        timedelta(days=30), ("age1xplnyl2cah5520yhsq7vm5z5x637l8xsfaa49ap5c4546uycx5lszhmr0z",)
    )
    assert loaded.diagnostics == ()
    assert project.positions["policy.max_parts"].line == 13


def test_the_shortest_project_has_the_defaults(place):
    project = place.project.project
    assert project.campaigns == ("campaigns/",)
    assert project.timezone == "Asia/Bangkok"
    assert project.state == ".mesms/state.json"
    assert project.undo_window == timedelta(minutes=10)
    assert project.api == ApiSettings()
    assert project.audience == AudienceSettings(timedelta(days=90), ())
    assert project.policy == Policy(windows={"marketing": Window(time(9), time(20))})
    assert place.project.audience_engine == "local"


def test_a_window_for_one_class_leaves_the_default_of_the_other(place):
    place.write("mesms.yaml", 'version: 1\npolicy: {windows: {transactional: "08:00-18:00"}}\n')
    assert place.project.project.policy.windows["marketing"] == Window(time(9), time(20))


def test_the_digest_is_of_the_text_line_ends_apart(place):
    digests = set()
    for text in (FULL, FULL.replace("\n", "\r\n"), "\ufeff" + FULL):
        place.write("mesms.yaml", text)
        digests.add(place.project.project.text_digest)
    assert digests == {hashlib.sha256(FULL.encode()).hexdigest()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 MS102"]),
        ("timezone: Asia/Bangkok\n", ["1:1 MS002"]),
        ("version: 2\n", ["1:10 MS002"]),
        ("version: 1\nversion: 1\n", ["2:1 MS109"]),
        ("version: 1\ncampaign: [a]\n", ["2:1 MS120"]),
        ("version: 1\ncampaigns: campaigns\n", ["2:12 MS121"]),
        ("version: 1\ntimezone: Bangkok\n", ["2:11 MS205"]),
        ("version: 1\nundo_window: 10\n", ["2:14 MS134"]),
        ("version: 1\napi: {timeout: 0}\n", ["2:16 MS134"]),
        ("version: 1\napi: {requests_per_second: 0}\n", ["2:28 MS125"]),
        ("version: 1\napi: {base_url: me-sms.com}\n", ["2:17 MS010"]),
        ("version: 1\napi: {base_url: 'http://[x'}\n", ["2:17 MS010"]),
        ("version: 1\nstate: postgresql://u:secret@h/d\n", ["2:8 MS012"]),
        ("version: 1\naudience: {keep: 90}\n", ["2:18 MS134"]),
        ("version: 1\naudience: {keep: 3h}\n", ["2:18 MS134"]),
        ("version: 1\naudience: {encrypt_to: [ops@siamcoffee.example]}\n", ["2:25 MS139"]),
        ("version: 1\naudience: {encrypt_to: [AGE-SECRET-KEY-1QQQ]}\n", ["2:25 MS139"]),
        ("version: 1\nencryption: {state: [AGE-SECRET-KEY-1QQQ]}\n", ["2:22 MS139"]),
        ("version: 1\nencryption: {state: age1qqq}\n", ["2:21 MS121"]),
        ("version: 1\nencryption: {snapshots: []}\n", ["2:14 MS120"]),
        ("version: 1\ndefaults: {name: a, revision: 2, sendr: b}\n", ["2:12 MS009", "2:21 MS009", "2:34 MS120"]),
        ("version: 1\ndefaults: {sender: สยาม}\n", ["2:20 MS130"]),
        ("version: 1\npolicy: {links: ['https://a.example/b', x]}\n", ["2:18 MS006", "2:41 MS006"]),
        ("version: 1\npolicy: {windows: {marketting: '09:00-20:00'}}\n", ["2:20 MS120"]),
        ("version: 1\npolicy: {max_recipients: 5}\n", ["2:26 MS121"]),
        ("version: 1\naudience: {engine: duckdb}\n", ["2:20 MS126"]),
        ("version: 3\ntimezone: X\nstat: a\n", ["1:10 MS002", "2:11 MS205", "3:1 MS120"]),
        ("version: 1\nstate: &a b\n", ["2:8 MS106"]),
        ("version: 1\npolicy: {links: [x], max_partz: 3, max_parts: 0}\n", ["2:18 MS006", "2:22 MS120", "2:47 MS125"]),
        ("version: 1\npolicy: {links: [5, x]}\n", ["2:18 MS122", "2:21 MS006"]),
        ("version: 1\napi: {base_url: http://a.example/b, timeout: 0}\n", ["2:17 MS011", "2:46 MS134"]),
        (
            "version: 1\npolicy:\n  max_parts: x\n  waivers: [{rule: MS501, campaign: one, reason: r, until: soon}]\n",
            ["3:14 MS125", "4:60 MS515"],
        ),
        ("version: 1\nตัว\n".encode("cp874"), ["2:1 MS100"]),
    ],
)
def test_everything_wrong_is_said_at_once(place, text, expected):
    assert codes(place, text) == expected


NEAT = "sender: A\ncontent: x\nrecipients: [{contact_group: 1}]\nschedule: 2027-04-10T21:00\n"
"""A manifest with nothing wrong but the hour."""


@pytest.mark.parametrize(
    ("project", "manifest", "expected"),
    [
        ("version: 1\ntimezon: X\n", NEAT, ["mesms.yaml:2:1 MS120", "one.yaml:4:11 MS208"]),
        ("timezone: Asia/Bangkok\n", NEAT, ["mesms.yaml:1:1 MS002", "one.yaml:4:11 MS208"]),
        ("version: 1\npolicy: {senders: [Siam, สยาม]}\n", NEAT, ["mesms.yaml:2:26 MS130", "one.yaml:4:11 MS208"]),
        ("version: 1\npolicy: {senders: [Siam], max_parts: x}\n", NEAT,
         ["mesms.yaml:2:38 MS125", "one.yaml:1:9 MS501", "one.yaml:4:11 MS208"]),
        ("version: 1\npolicy: {windows: {marketing: 5}}\n", NEAT, ["mesms.yaml:2:31 MS210"]),
        ("version: 1\npolicy: {links: [5]}\n", NEAT.replace("x", "http://a.example/b"),
         ["mesms.yaml:2:18 MS122", "one.yaml:4:11 MS208"]),
        ("version: 1\ndefaults: {sender: สยาม}\n", NEAT.replace("sender", "owner"),
         ["mesms.yaml:2:20 MS130", "one.yaml:4:11 MS208"]),
        ("version: 1\ndefaults: {recipients: [{contact_group: x}]}\n", NEAT.replace("recipients", "#"),
         ["mesms.yaml:2:41 MS125", "one.yaml:4:11 MS208"]),
        ("version: 1\ndefaults: {schedule: tomorrow}\n", NEAT.replace("schedule", "#"), ["mesms.yaml:2:22 MS201"]),
        ("version: 1\ndefaults: {sendr: A, schedule: {window: 5}}\n", NEAT,
         ["mesms.yaml:2:12 MS120", "mesms.yaml:2:41 MS210", "one.yaml:4:11 MS208"]),
        ("version: 1\ndefaults: {variables: {a: 007}}\n", NEAT.replace("x", "'{{ a }}'"),
         ["mesms.yaml:2:27 MS122", "one.yaml:4:11 MS208"]),
        ("version: 1\ncampaigns: [5, campaigns]\n", NEAT, ["mesms.yaml:2:13 MS122", "one.yaml:4:11 MS208"]),
        ("version: 1\ncampaigns: [5]\n", NEAT, ["mesms.yaml:2:13 MS122", "one.yaml:4:11 MS208"]),
    ],
)  # fmt: skip
def test_errors_of_the_project_file_hide_none_of_a_manifest_and_cause_none(place, project, manifest, expected):
    place.write("mesms.yaml", project)
    place.write("campaigns/one.yaml", manifest)
    assert place.leniently() == expected


def test_a_state_with_a_password_is_not_opened(place):
    place.write("mesms.yaml", "version: 1\nstate: postgresql://u:secret@h/d\n")
    assert load_project_leniently(place.root / "mesms.yaml").project.state == ".mesms/state.json"


def test_without_anything_to_understand_nothing_is_loaded_leniently(place):
    place.write("mesms.yaml", "- a\n")
    with pytest.raises(ManifestError):
        load_project_leniently(place.root / "mesms.yaml")


def test_a_password_is_never_shown(place):
    place.write("mesms.yaml", "version: 1\nstate: postgresql://u:secret@h/d\n")
    with pytest.raises(ManifestError) as caught:
        load_project(place.root / "mesms.yaml")
    assert "secret" not in repr(caught.value.diagnostics)


def test_an_unencrypted_address_is_warned_of_unless_it_is_this_machine(place):
    place.write("mesms.yaml", "version: 1\napi: {base_url: http://sms.example/api}\n")
    assert [item.code for item in place.project.diagnostics] == ["MS011"]
    assert [item.code for item in place.load().diagnostics] == ["MS011"]


def test_no_project_file(place):
    with pytest.raises(ManifestError) as caught:
        load_project(place.root / "nowhere" / "mesms.yaml")
    assert [item.code for item in caught.value.diagnostics] == ["MS001"]


def test_a_project_is_found_from_below(place):
    below = place.root / "campaigns" / "2027"
    below.mkdir()
    assert project_file_above(below) == (place.root / "mesms.yaml").resolve()
    assert project_file_above(place.root) == (place.root / "mesms.yaml").resolve()


def test_the_search_ends_at_the_git_root(place):
    repository = place.root / "other"
    (repository / ".git").mkdir(parents=True)
    (repository / "below").mkdir()
    assert project_file_above(repository / "below") is None
    place.write("other/mesms.yaml", "version: 1\n")
    assert project_file_above(repository / "below") == (repository / "mesms.yaml").resolve()


def test_the_search_ends_at_the_git_root_of_a_worktree(place):
    place.write("tree/.git", "gitdir: elsewhere\n")
    (place.root / "tree" / "below").mkdir()
    assert project_file_above(place.root / "tree" / "below") is None


def test_every_number_is_looked_at_beside_other_mistakes(place):
    from mesms_gitops.cli.validation import Validation

    text = (
        'sender: A\ncontent: x\nrecipients: [{numbers: [0800000001, "0800000002", "08000"]}]\nschedule: now\nfoo: 1\n'
    )
    place.write("campaigns/one.yaml", text)
    found, files = Validation(str(place.root), verbose=False, only=[], is_cached=False).run()
    assert [f"{item.position.line}:{item.position.column} {item.code}" for item in found] == [
        "3:25 MS122",
        "5:1 MS120",
        "3:51 MS430",
    ]
    assert files == 1


def test_errors_of_the_project_file_come_with_those_of_manifests_in_one_run(place):
    from mesms_gitops.cli.validation import Validation

    place.write("mesms.yaml", "version: 1\ntimezon: X\n")
    place.write("campaigns/one.yaml", NEAT)
    found, files = Validation(str(place.root), verbose=False, only=[], is_cached=False).run()
    assert ([item.code for item in found], files) == (["MS120", "MS208"], 1)
