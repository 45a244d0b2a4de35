"""A job that waited, or is run again, after its branch moved on: what was taken back is not sent."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import sends, texted
from tests.github.runner import git
from tests.github.test_action import ran
from tests.github.test_story import opened

if TYPE_CHECKING:
    from tests.github.conftest import Shop


@pytest.mark.parametrize("how", ["reverted", "edited", "branch deleted"])
def test_a_campaign_that_was_taken_back_is_not_sent(shop: Shop, how: str) -> None:
    """Its approval still stands, and yet the old job is exit 5 and says which file moved; nothing is sent."""
    number, _ = opened(shop)
    commit = shop.merge(number, "order")
    if how == "reverted":
        git(shop.clone, "revert", "--no-edit", "-m", "1", commit)
        git(shop.clone, "push", "--quiet", "origin", "main")
    elif how == "edited":
        file = shop.clone / "campaigns/order.yaml"
        file.write_text(file.read_text(encoding="utf-8").replace("is ready", "is late"), encoding="utf-8")
        shop.commit("another text")
    else:
        git(shop.clone, "push", "--quiet", "origin", f"{commit}:refs/heads/keep")
        git(shop.runner.remote, "update-ref", "-d", "refs/heads/main")
    refused = shop.apply(commit)
    assert (refused.code, refused.out["failure-reason"]) == (5, "plan-changed"), refused.log
    assert ("campaigns/order.yaml is not on main any more" in refused.log) is (how != "branch deleted")
    assert "nothing was sent" in shop.forge.said(number)[-1]
    assert sends(shop.sandbox) == 0


def test_other_commits_on_the_branch_stop_nothing(shop: Shop) -> None:
    """Another campaign and a new list that came after it: this one is sent as approved, and that one is not its own."""
    number, _ = opened(shop)
    commit = shop.merge(number, "order")
    shop.campaign("later")
    shop.write("README.md", "a shop")
    shop.commit("more")
    applied = shop.apply(commit)
    assert applied.code == 0, applied.log
    assert texted(shop.sandbox) == {"66800000001": 1, "66800000002": 1}


def test_a_project_without_a_checkout_has_no_branch_to_ask(shop: Shop) -> None:
    """It came to the job another way, as an artifact may: the apply is as it would be without this."""
    shop.campaign("order")
    shutil.rmtree(shop.clone / ".git")
    applied = ran(shop, command="apply", approval="environment", comment="never")
    assert applied.code == 0, applied.log
    assert sends(shop.sandbox) == 1
