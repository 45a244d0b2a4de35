"""The `delivery:` source of a manifest: who is taken up again, and who is left out."""

from __future__ import annotations

import pytest

from mesms_gitops.model.campaign import DeliverySource

MANIFEST = """\
sender: SiamCoffee
content: Hi
recipients: [{delivery: {campaign: early, status: [failed]%s}}]
schedule: now
"""


@pytest.mark.parametrize(("key", "later"), [("", ()), (", except_reached_by: [late, later]", ("late", "later"))])
def test_whoever_was_reached_since_may_be_left_out(place, key, later):
    """The key is optional."""
    (source,) = place.one(MANIFEST % key).sources
    assert isinstance(source, DeliverySource)
    assert (source.campaign, source.delivery_states, source.except_reached_by) == ("early", ("failed",), later)


@pytest.mark.parametrize("value", ["late", "[Not A Name]", "[1, {a: b}]"])
def test_what_names_no_campaign_is_an_error(place, value):
    """A text where a list is wanted, and words that no campaign can be called."""
    text = MANIFEST % f", except_reached_by: {value}"
    assert place.findings(text)
