"""Every link a phone would make out of a text, and which of them may be sent."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.manifests.links import SHORTENERS, check_links, find_links
from tests.measured import assert_linear, repeated

ALLOWED = ("siamcoffee.example", "*.shop.example")


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("ดูที่ siamcoffee.example/s ครับ", ["siamcoffee.example"]),
        ("https://SiamCoffee.Example/x", ["siamcoffee.example"]),
        ("คลิกbit.ly/xเลย", ["bit.ly"]),
        ("ลด20%bit.lyวันนี้", ["bit.ly"]),
        ("www.evil.com", ["www.evil.com"]),
        ("x.co.th และ y.in.th/z", ["x.co.th", "y.in.th"]),
        ("https://siamcoffee.example:8443/x", ["siamcoffee.example"]),
        ("https://siamcoffee.example./x", ["siamcoffee.example"]),
        ("https://ร้าน.ไทย/x", ["ร้าน.ไทย"]),
        ("foo.zip/x", ["foo.zip"]),
        ("ftp://files.example/x", ["files.example"]),
        ("10.0.0.1", ["10.0.0.1"]),
        ("http://[2001:db8::1]/x", ["2001:db8::1"]),
        ("a.example, b.example.", ["a.example", "b.example"]),
        ("เวลา 9.00-20.00 น. ราคา 1,000.50", []),
        ("ร้าน A.B.C สาขา ก.ท.ม.", []),
        ("e.g. this. And that.Next", []),
        ("mail crm@siamcoffee.example", []),
        ("", []),
    ],
)
def test_links_are_found_as_phones_find_them(text, hosts):
    assert [link.host for link in find_links(text)] == hosts


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("siamcoffee.example/s", []),
        ("https://SIAMCOFFEE.example/s", []),
        ("a.shop.example/s", []),
        ("shop.example/s", ["MS502"]),
        ("evilshop.example/s", ["MS502"]),
        ("www.siamcoffee.example", ["MS502"]),
        ("siamcoffee.example.evil.com/s", ["MS502"]),
        ("evilsiamcoffee.example/s", ["MS502"]),
        ("https://siamcoffee.example@evil.com/", ["MS502"]),
        ("https://siamcoffee.example\\@evil.com", ["MS502"]),
        ("https://evil.com/https://siamcoffee.example", ["MS502"]),
        ("https://evil.com?siamcoffee.example", ["MS502"]),
        ("https://evil.com#siamcoffee.example", ["MS502"]),
        ("https://ѕiamcoffee.example/", ["MS502"]),
        ("https://:80/", ["MS502"]),
        ("https://[x/", ["MS502"]),
        ("bit.ly/x และ HTTPS://TinyURL.com/y", ["MS503", "MS503"]),
        ("www.bit.ly/x", ["MS503"]),
        ("http://203.0.113.9/", ["MS504"]),
        ("http://3405803785/", ["MS504"]),
        ("http://0xcb.0.113.9/", ["MS504"]),
        ("http://203.0.28937/", ["MS504"]),
        ("http://[2001:db8::1]/", ["MS504"]),
    ],
)
def test_only_listed_hosts_may_be_linked_to(text, codes):
    assert [problem.code for problem in check_links(text, ALLOWED)] == codes


def test_without_a_list_any_host_but_shorteners_and_addresses():
    assert check_links("evil.com/x", None) == ()
    assert [problem.code for problem in check_links("t.ly/x http://203.0.113.9/", None)] == ["MS503", "MS504"]


def test_a_shortener_fails_even_if_it_is_listed():
    assert [problem.code for problem in check_links("bit.ly/x", ("bit.ly",))] == ["MS503"]


def test_a_host_that_is_not_known_yet_is_left_for_later():
    assert check_links("https://\ue000/x https://\ue000.evil.com/ \ue000.example/x", ALLOWED, unknown="\ue000") == ()
    assert check_links("siamcoffee.example/\ue000", ALLOWED, unknown="\ue000") == ()
    assert [problem.code for problem in check_links("evil.com/\ue000", ALLOWED, unknown="\ue000")] == ["MS502"]


@pytest.mark.parametrize("shortener", sorted(SHORTENERS))
def test_every_shortener_is_seen_without_https(shortener):
    assert [problem.code for problem in check_links(f"ดู {shortener}/abc", None)] == ["MS503"]


@given(st.text(max_size=200) | st.text(alphabet="ab.:/@\\-_0123456789[]ก", max_size=400))
def test_any_text_can_be_searched(text):
    for problem in check_links(text, ALLOWED):
        assert text[problem.link.index :].startswith(problem.link.text)


@pytest.mark.parametrize("piece, end", [("a.", ""), ("a-", ""), ("1.", ""), ("a.", "!"), ("http://", ""), ("_", "")])
def test_hostile_texts_are_checked_in_linear_time(piece, end):
    assert_linear(repeated(piece, lambda text: check_links(text + end, ALLOWED)), 40_000)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("ด่วน...evil.com", ["evil.com"]),
        ("a.a.a.a.a.a.a.a.evil.com", ["a.a.a.a.a.a.a.a.evil.com"]),
        ("1https://evil.zip", ["evil.zip"]),
        ("1.https://evil.zip", ["evil.zip"]),
        ("(https://siamcoffee.example)", ["siamcoffee.example"]),
        ("ดู https://siamcoffee.example/a_(b), ครับ", ["siamcoffee.example"]),
        ("https://siamcoffee.example!", ["siamcoffee.example"]),
        ("-bit.ly-", ["bit.ly"]),
        ("crm@mail.siamcoffee.example", []),
        ("10.0.0.1.", ["10.0.0.1"]),
        ("https://bit。ly/x", ["bit.ly"]),
        ("https://ｂｉｔ．ｌｙ/x", ["bit.ly"]),
        ("https://bit%2Ely/x", ["bit.ly"]),
        ("https://bit\u00ad.ly/x", ["bit.ly"]),
        ("https://bit.\u200bly/x", ["bit.ly"]),
        ("ดู ร้าน.com", ["ร้าน.com"]),
        ("https:bit.ly/x https:/bit.ly", ["bit.ly", "bit.ly"]),
        ("https://x.example?mail=a@b.example", ["x.example"]),
    ],
)
def test_links_that_hide(text, hosts):
    assert [link.host for link in find_links(text)] == hosts


@pytest.mark.parametrize("host", ["go.bit.ly", "www.go.bit.ly", "siamcoffee.page.link", "m.s.shopee.co.th"])
def test_what_stands_before_a_shortener_does_not_help(host):
    assert [problem.code for problem in check_links(f"https://{host}/x", None)] == ["MS503"]


def test_the_end_of_a_shortener_is_no_shortener():
    assert check_links("https://rabbit.ly/x notbit.ly/x", None) == ()


@pytest.mark.parametrize("piece", ["a.", "a-", "1.", "http://", "ก.com", "@a.", "x://(", ".com", "_", "x://a)]"])
def test_a_text_is_searched_in_linear_time(piece):
    assert_linear(repeated(piece, find_links), 40_000)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["evil.com/x", "https://evil.zip", "bit.ly/x"]), min_size=1, max_size=4), st.data())
def test_no_words_around_it_hide_a_link(links, data):
    around = st.text(alphabet="กขa1 .,!()\n-…", max_size=6)
    text = data.draw(around)
    for link in links:
        text += data.draw(st.sampled_from(["", " ", "\n", "ก", "..."])) + " " + link + " " + data.draw(around)
    found = [link.host for link in find_links(text)]
    assert len([host for host in found if host in ("evil.com", "evil.zip", "bit.ly")]) >= len(links)


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("ดูที่ shop.ไทย/x", ["shop.ไทย"]),
        ("www.shop.ไทย", ["www.shop.ไทย"]),
        ("ดู ร้าน.ไทย/ลด", ["ร้าน.ไทย"]),
        ("ขอบคุณครับ.ไทย ลด", []),
        ("ลด 50.ไทยแลนด์", []),
        ("me@shop.ไทย", []),
    ],
)
def test_the_thai_ending_is_one(text, hosts):
    assert [link.host for link in find_links(text)] == hosts
    assert all(text[link.index :].startswith(link.text) for link in find_links(text))
