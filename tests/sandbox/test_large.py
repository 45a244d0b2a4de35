"""2,000,000 numbers in one request: accepted, paged through, and kept in little memory."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mesms_gitops.sandbox.checks import UNREADABLE
from mesms_gitops.sandbox.msisdns import Numbers
from mesms_gitops.sandbox.wire import parse_body

JSON = "application/json"

SERVE_TWO_MILLION = textwrap.dedent(
    """
    import http.client, json, resource
    from mesms_gitops.sandbox.server import running

    def peak_mib():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    COUNT = 2_000_000

    def body():
        yield b'{"sender":"SiamCoffee","content":"hi","msisdns":["0811111111"'
        for first in range(1, COUNT, 10_000):
            yield b"".join(b',"66%09d"' % (820_000_000 + n) for n in range(first, min(first + 10_000, COUNT)))
        yield b"]}"

    def ask(method, path, content=None):
        headers = {"x-api-key": sandbox.api_key, "content-type": "application/json"}
        if content is not None:
            headers["content-length"] = str(size)
        connection.request(method, "/api/v2" + path, content, headers)
        return json.load(connection.getresponse())

    size = sum(map(len, body()))
    with running() as sandbox:
        sandbox.world.accounts["main"].balance = COUNT
        host = sandbox.origin.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=60)
        ask("GET", "/senders")
        before = peak_mib()
        sent = ask("POST", "/sms/send", body())
        after_send = peak_mib() - before
        sandbox.advance(1000)
        one = ask("GET", "/sms/" + sent["uuid"])
        first = ask("GET", "/sms/" + sent["uuid"] + "/recipients?after=0")
        last = ask("GET", "/sms/" + sent["uuid"] + "/recipients?after=1999999")
        connection.close()
        print(json.dumps({
            "sent": sent, "one": one, "first": first["data"][0], "more": first["hasMore"],
            "last": last["data"], "end": last["hasMore"],
            "mib_to_send": after_send, "mib_in_all": peak_mib() - before, "balance": sandbox.world.credits(),
        }))
    """
)


def test_two_million_numbers_in_one_request_take_little_memory():
    """Above an idle server, in MiB: the body of 28 once, 4 bytes a number, 1 byte a report; 48 when measured."""
    result = subprocess.run([sys.executable, "-c", SERVE_TWO_MILLION], capture_output=True, text=True, check=True)
    seen = json.loads(result.stdout)
    assert seen["sent"]["total"] == seen["sent"]["credits"] == 2_000_000
    assert seen["balance"] == [0, 0, 2_000_000]
    assert sum(seen["one"]["drSummary"].values()) == 2_000_000
    assert seen["first"]["msisdn"] == "66811111111"
    assert seen["more"] is True
    assert [row["msisdn"] for row in seen["last"]] == ["66821999999"]
    assert seen["end"] is False
    assert seen["mib_to_send"] < 80
    assert seen["mib_in_all"] < 80


# --- the fast reading of a large body is the slow reading of it -------------------------------------------------------

PADDING = ["0800000001"] * 6000  # makes a body large enough to be read the fast way


def read(text: str) -> object:
    value = parse_body(bytearray(text.encode()), JSON)
    if isinstance(value, dict) and isinstance(value.get("msisdns"), Numbers):
        value["msisdns"] = ["numbers", *value["msisdns"]]
    return value


NUMBERS = ["numbers", *["66800000001"] * 6000]


def test_a_large_body_is_read_without_its_strings():
    body = {"sender": "SiamCoffee", "msisdns": PADDING, "content": "hi"}
    for indent in (None, 2):
        assert read(json.dumps(body, indent=indent)) == {**body, "msisdns": NUMBERS}


def test_numbers_are_equal_when_they_name_the_same_people_in_the_same_order():
    one = Numbers.parse(["0800000001", "0800000002"])
    assert one == Numbers.parse(["66800000001", "66800000002"])
    assert hash(one) == hash(Numbers.parse(["66800000001", "66800000002"]))
    assert one != Numbers.parse(["0800000002", "0800000001"])
    assert one != ["66800000001", "66800000002"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"content":"\\"msisdns\\":[\\"0800000002\\"]",', ""),
        ('"content":"\\\\","x":[],', ""),
        ('"variables":{"a":1},', ',"variables":{}'),
        (' "a" : [ "msisdns" ] , ', ' , "b" : "]" '),
    ],
)
def test_what_surrounds_the_numbers_is_read_as_json(before, after):
    text = '{%s"msisdns":%s%s}' % (before, json.dumps(PADDING), after)  # noqa: UP031  # braces are the subject
    expected = {**json.loads(text), "msisdns": NUMBERS}
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"variables":{"msisdns":%s}}',
        '{"msisdns":%s,"msisdns":["x"]}',
        '{"msisdns":["x"],"a":%s}',
        '{"a":%s,"msisdns":"x"}',
        '[{"msisdns":%s}]',
    ],
)
def test_numbers_in_another_place_are_left_as_they_are(text):
    text = text.replace("%s", json.dumps(PADDING))
    assert read(text) == json.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"msisdns":%s',
        '{"msisdns":%s}}',
        '{"a":"x"msisdns":%s}',
        '{"msisdns":%s]}',
        '{"msisdns":%s "a":1}',
        '"msisdns":%s',
    ],
)
def test_a_large_body_that_is_not_json_is_unreadable(text):
    assert read(text.replace("%s", json.dumps(PADDING))) is UNREADABLE


ITEM = st.sampled_from(
    [
        '"0800000001"',
        '"66800000001"',
        ' "0800000001"\n',
        '"080000001"',
        '"x"',
        "1",
        "",
        '"]"',
        "[]",
        '"\\u0030800000001"',
    ]
)


@given(st.lists(ITEM, max_size=4), st.integers(0, 4))
@example([], 0)
@example([""], 4)
def test_any_array_reads_the_same_fast_and_slow(items, place):
    padding = json.dumps(PADDING)[1:-1].split(", ")
    text = '{"msisdns":[' + ",".join([*items[:place], *padding, *items[place:]]) + "]}"
    try:
        expected = json.loads(text)["msisdns"]
    except ValueError:
        assert read(text) is UNREADABLE
        return
    value = read(text)
    assert isinstance(value, dict)
    if value["msisdns"][0] == "numbers":
        assert value["msisdns"][1:] == list(Numbers.parse(expected))
    else:
        assert value["msisdns"] == expected
