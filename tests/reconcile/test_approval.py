"""What was approved is what runs: the same plan, or what a runner that died left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mesms_gitops.reconcile.bookkeeping import is_approved
from tests.planning.scenes import Manifest, manifest

if TYPE_CHECKING:
    from mesms_gitops.model.plan import Plan

    from .bench import Bench

ONE, TWO, THREE = (manifest(name, name, (n,)) for n, name in enumerate(("one", "two", "three"), start=1))


def _died_after(bench: Bench, posts: int, *manifests: Manifest) -> Plan:
    """The plan that was approved, of whose apply so many requests were made."""
    ready = bench.prepared(*manifests)
    bench.posts_until_interrupt = posts
    bench.carry_out(ready)
    bench.posts_until_interrupt = None
    return ready.plan


def _is_approved(bench: Bench, plan: Plan, *manifests: Manifest) -> bool:
    return is_approved(bench.plan(*manifests), plan.digest, bench.state.approval)


def test_the_same_plan_is_approved_and_another_is_not(bench: Bench) -> None:
    approved = bench.plan(ONE)
    assert is_approved(bench.plan(ONE), approved.digest, None)
    assert not is_approved(bench.plan(TWO), approved.digest, None)
    assert not is_approved(bench.plan(ONE, TWO), approved.digest, None)


@pytest.mark.parametrize("posts", [0, 1, 2, 3])
def test_the_rest_of_an_approved_plan_is_approved(bench: Bench, posts: int) -> None:
    approved = _died_after(bench, posts, ONE, TWO, THREE)
    assert _is_approved(bench, approved, ONE, TWO, THREE)


def test_the_rest_and_something_new_is_not(bench: Bench) -> None:
    approved = _died_after(bench, 1, ONE, TWO)
    assert not _is_approved(bench, approved, ONE, TWO, THREE)


def test_the_rest_with_an_edit_is_not(bench: Bench) -> None:
    approved = _died_after(bench, 1, ONE, TWO)
    assert not _is_approved(bench, approved, ONE, manifest("two", "another text", (2,)))


def test_the_rest_of_another_approval_is_not(bench: Bench) -> None:
    _died_after(bench, 1, ONE, TWO)
    assert not is_approved(bench.plan(ONE, TWO), "sha256:of-another-plan", bench.state.approval)


def test_a_run_that_finishes_anothers_work_keeps_its_approval(bench: Bench) -> None:
    approved = _died_after(bench, 1, ONE, TWO, THREE)
    rest = _died_after(bench, 1, ONE, TWO, THREE)
    assert rest.digest != approved.digest
    assert bench.state.approval is not None
    assert bench.state.approval.digest == approved.digest
    assert _is_approved(bench, approved, ONE, TWO, THREE)


def test_a_new_plan_replaces_a_former_approval(bench: Bench) -> None:
    old = _died_after(bench, 2, ONE, TWO)
    new = _died_after(bench, 1, ONE, TWO, THREE)
    assert bench.state.approval is not None
    assert (bench.state.approval.digest, old.digest == new.digest) == (new.digest, False)


@pytest.mark.parametrize("case", ["half of a campaign", "a replace after its cancel"])
def test_what_is_left_of_one_action_is_approved_too(bench: Bench, case: str) -> None:
    if case == "half of a campaign":
        told = manifest(text="Dear {name}", to={"Ann": (1, 2), "Bob": (3,)})
    else:
        bench.apply(manifest())
        told = manifest(text="Hi")
    approved = _died_after(bench, 1, told)
    assert _is_approved(bench, approved, told)


def test_an_apply_of_something_else_ends_an_approval(bench: Bench) -> None:
    """Applied, one campaign taken back, and an old job run once more: that is a new decision."""
    approved = _died_after(bench, 2, ONE, TWO)
    bench.apply(TWO)
    assert not _is_approved(bench, approved, ONE, TWO)
