"""A sketch: the same wherever it is made, of nobody in particular, and right within the bounds that it states."""

from __future__ import annotations

import random
import subprocess
import sys
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesms_gitops.audience.sketching import sketch_of
from mesms_gitops.model.hashkey import HashKey
from mesms_gitops.model.numbers import Numbers
from mesms_gitops.model.sketch import LEAST_PEOPLE, AudienceSketch, Estimate, Shape
from mesms_gitops.planning.sketches import compared, overlap

KEY, OTHER_KEY = HashKey.of_secret("one"), HashKey.of_secret("another")
CALM = settings(deadline=None, max_examples=40)
PEOPLE = st.sets(st.integers(600_000_000, 999_999_999), min_size=LEAST_PEOPLE, max_size=200)
FIRST = 800_000_000


def row(start: int, count: int) -> Numbers:
    """Numbers in a row, as a prefix that somebody rents has them."""
    return Numbers.from_sorted(array("I", range(FIRST + start, FIRST + start + count)))


def sketched(*sets: Numbers, key: HashKey = KEY) -> AudienceSketch:
    return sketch_of(sets, key)


@given(PEOPLE, st.randoms(use_true_random=False))
@CALM
def test_neither_order_nor_groups_matter(people: set[int], rng: random.Random) -> None:
    """Who is in it decides, not how they came."""
    shuffled = rng.sample(sorted(people), len(people))
    cut = rng.randrange(len(shuffled) + 1)
    groups = [Numbers(shuffled[cut:]), Numbers(shuffled[:cut])]
    assert sketch_of(groups, KEY) == sketched(Numbers(people))


def test_many_small_sets_are_sketched_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody alone, in sets around the size of a slice, or all together: one sketch."""
    monkeypatch.setattr("mesms_gitops.audience.sketch_cells._SLICE", 7)
    whole = sketched(row(0, 300))
    for sizes in ([1] * 300, [6] * 50, [7] * 42 + [6], [8] * 37 + [4], [0, 300, 0], [299, 1]):
        starts = [sum(sizes[:index]) for index in range(len(sizes))]
        assert sketched(*(row(start, size) for start, size in zip(starts, sizes, strict=True))) == whole


@given(PEOPLE)
@CALM
def test_another_key_gives_other_bits(people: set[int]) -> None:
    """Sketches of two keys have nothing but the size in common."""
    one, other = sketched(Numbers(people)), sketched(Numbers(people), key=OTHER_KEY)
    assert one.size == other.size
    assert one.bits != other.bits


@given(PEOPLE, st.sets(st.integers(100_000_000, 599_999_999), min_size=1, max_size=30))
@CALM
def test_folding_is_sketching(people: set[int], more: set[int]) -> None:
    """A sketch of many can be brought to the shape of one of few: of nobody but those added, it says the same."""
    found = compared(sketched(Numbers(people)), sketched(Numbers(people | more)))
    assert found.added - found.removed == len(more)
    assert found.removed <= found.error


def test_it_is_the_same_on_every_machine() -> None:
    """Written down once: a state that one machine wrote is read by another."""
    sketch = sketched(Numbers(range(FIRST, FIRST + 50)))
    assert sketch.bits.hex() == GOLDEN
    code = (
        "from mesms_gitops.audience.sketching import sketch_of; from mesms_gitops.model.hashkey import HashKey;"
        "from mesms_gitops.model.numbers import Numbers;"
        f"print(sketch_of([Numbers(range({FIRST}, {FIRST + 50}))], HashKey.of_secret('one')).bits.hex())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == GOLDEN


GOLDEN = "0110a02a004202001800840c14908910048001000c1050102501100a420e2012"


@pytest.mark.parametrize("people", [0, 1, 49])
def test_of_few_people_only_their_number_is_kept(people: int) -> None:
    """Who could be guessed one by one has no bits; two such audiences differ at least by what their sizes do."""
    sketch = sketched(row(0, people))
    assert sketch == AudienceSketch(people, b"")
    assert compared(sketch, sketched(row(0, people + 10))).is_floor
    assert compared(sketch, sketched(row(5, 40))) == Estimate(
        max(0, 40 - people), max(0, people - 40), 0, is_floor=True
    )


@pytest.mark.parametrize("people", [50, 1000, 3072, 3073, 12_289, 50_000, 200_000, 2_000_000])
def test_it_stays_small_and_says_little_about_anybody(people: int) -> None:
    """Three kilobytes at most; an eighth of a person or more flips a bit on average, which bounds what it says."""
    shape = Shape.of_size(people)
    assert shape.octets <= 3072
    assert len(sketched(row(0, people)).bits) == shape.octets
    assert sum(shape.rates()) == pytest.approx(1)
    for rate in shape.rates():
        assert people * rate / shape.bits >= 1 / 8


@pytest.mark.parametrize("changed", [0, 1, 2, 5, 10, 25, 50])
def test_few_changes_among_many_are_nearly_exact(changed: int) -> None:
    """Of two hundred thousand: none is none, and up to fifty are told within three."""
    before = row(0, 200_000)
    for secret in range(5):
        key = HashKey.of_secret(str(secret))
        found = compared(sketched(before, key=key), sketched(row(changed, 200_000), key=key))
        assert abs(found.added - changed) <= 3
        assert found.added == found.removed
    assert (found == Estimate(0, 0, 0)) is (changed == 0)


def trials(size: int, share: float, *, in_a_row: bool, count: int) -> list[tuple[Estimate, int, int]]:
    """Random changes of audiences of ``size``, of up to ``share`` of it either way: what was told, and what was."""
    rng = random.Random(f"{size} {share} {in_a_row}")
    found = []
    for trial in range(count):
        key = HashKey.of_secret(f"{trial}")
        added, removed = (rng.randint(0, int(size * share)) for _ in range(2))
        start = rng.randrange(10**8)
        pool = range(FIRST + start, FIRST + start + size + added)
        people = list(pool) if in_a_row else rng.sample(range(6 * 10**8, 10**9), size + added)
        one, other = Numbers(people[:size]), Numbers(people[removed:])
        found.append((compared(sketched(one, key=key), sketched(other, key=key)), added, removed))
    return found


def is_kept(found: Estimate, added: int, removed: int) -> bool:
    """Whether what the estimate promises is true."""
    if found.is_floor:
        return found.added <= added and found.removed <= removed
    return max(abs(found.added - added), abs(found.removed - removed)) <= found.error


@pytest.mark.parametrize("in_a_row", [True, False], ids=["in a row", "anywhere"])
@pytest.mark.parametrize(("size", "count"), [(60, 100), (400, 100), (3000, 80), (15_000, 30)])
def test_the_stated_error_holds_in_95_of_100_cases(size: int, count: int, in_a_row: bool) -> None:
    """Over changes from a few people to everybody. The bound on the misses leaves chance four standard deviations."""
    shares = (0.01, 0.1, 1.0)
    kept = [is_kept(*one) for share in shares for one in trials(size, share, in_a_row=in_a_row, count=count)]
    misses = len(kept) - sum(kept)
    assert misses <= 0.05 * len(kept) + 4 * (0.05 * 0.95 * len(kept)) ** 0.5


def test_the_stated_error_is_worth_stating() -> None:
    """Neither side is ever off by more than a few per cent of those who came and left: 6 where it is worst."""
    for size in (3000, 40_000):
        for found, added, removed in trials(size, 0.5, in_a_row=False, count=20):
            assert found.error <= 2 + 0.06 * (added + removed)


def test_added_and_removed_differ_as_the_sizes_do() -> None:
    """Whatever else is estimated, the sizes are known."""
    for share in (0.05, 1.0):
        for found, added, removed in trials(1000, share, in_a_row=True, count=40):
            assert found.is_floor or found.added - found.removed == added - removed
            assert min(found.added, found.removed) >= 0


def test_how_much_two_audiences_share() -> None:
    """87 % of fifty thousand, within the stated points; a list that is hardly shared and one too small say nothing."""
    own, early = sketched(row(0, 50_000)), sketched(row(6500, 60_000))
    found = overlap("early", early, own)
    assert found is not None
    assert abs(found.share - 87) <= found.error <= 3
    assert overlap("small", sketched(row(0, 4000)), own) is None
    none = overlap("stranger", sketched(row(90_000, 50_000)), own)
    assert none is None or none.share <= 2 * none.error
    same = overlap("same", own, own)
    assert same is not None
    assert (same.share, same.error) == (100, 0)


def test_bits_of_another_length_are_no_bits() -> None:
    """A sketch that somebody edited is held to know only its size."""
    own = sketched(row(0, 1000))
    assert compared(AudienceSketch(1000, own.bits[:-1]), own).is_floor
