"""The two other ways in which GitHub merges: the commit is a new one, and the approval is found by it all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import sends, texted
from tests.github.runner import git
from tests.github.test_story import opened

if TYPE_CHECKING:
    from tests.github.conftest import Shop


@pytest.mark.parametrize("how", ["squash", "rebase"])
def test_what_was_approved_is_applied_however_it_was_merged(shop: Shop, how: str) -> None:
    """Squashed or rebased onto a `main` that went on meanwhile: sent once; the commit of a part of it approves nothing.

    The same job, run again after the campaign's file is gone, sends nothing more.
    """
    number, _ = opened(shop)
    planned = git(shop.clone, "rev-parse", "order")
    git(shop.clone, "checkout", "--quiet", "main")
    shop.write("README.md", "a shop")
    shop.commit("meanwhile")
    if how == "squash":
        git(shop.clone, "merge", "--squash", "order")
        commit = shop.commit(f"order: a campaign (#{number})")
    else:
        git(shop.clone, "cherry-pick", "order")
        commit = shop.commit("order: the end of it")
    shop.forge.merge(number, commit)
    assert shop.forge.pulls[number]["head"]["sha"] == planned != commit
    part = git(shop.clone, "rev-parse", "HEAD^")
    shop.forge.commits.setdefault(part, set()).add(number)
    if how == "rebase":
        refused = shop.apply(part)
        assert (refused.code, refused.out["failure-reason"]) == (5, "not-approved"), refused.log
        assert sends(shop.sandbox) == 0
    applied = shop.apply(commit)
    assert applied.code == 0, applied.log
    assert texted(shop.sandbox) == {"66800000001": 1, "66800000002": 1}

    git(shop.clone, "rm", "--quiet", "campaigns/order.yaml")
    shop.commit("taken back")
    assert shop.apply(commit).code == 0
    assert sends(shop.sandbox) == 1
