"""Which tests are long: `make prove` runs them, `make test` the others; both together are all there are.

And two things that hold for a whole run: what pytest gathered is no garbage, and nothing that a test began goes on.
"""

from __future__ import annotations

import gc
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent
LONG = frozenset(
    {
        "audience/test_rules.py",  # every rule over millions of generated texts
        "audience/test_spark.py",  # a real Spark on a real JVM
        "browser/test_calendar.py",
        "browser/test_report.py",
        "cli/test_doctor_git.py",
        "cli/test_doctor_quirks.py",
        "cli/test_engine.py",  # Spark again
        "cli/test_git_state.py",  # throw-away clones, killed at random
        "cli/test_hooks.py",  # pre-commit and prek make environments of their own
        "cli/test_plan_memory.py",
        "cli/test_results_anywhere.py",  # a whole journey for each place of state
        "cli/test_state_in_a_bucket.py",
        "cli/test_timeline.py",
        "cli/test_timeline_honest.py",  # whole lives of projects, each verified
        "cli/test_timeline_tampered.py",
        "docs/test_fresh_clone.py",  # installs everything once more
        "github/test_left_behind.py",
        "github/test_merging.py",
        "github/test_story.py",  # the workflows as the runner runs them, from branch to report
        "protocol/test_bucket.py",
        "protocol/test_postgres_model.py",  # beside a real server
        "store/test_git_remotes.py",
        "store/test_migration.py",
        "store/test_rows.py",
        "store/test_tampered.py",  # what hands may do to two databases
    }
)
"""Files of tests that drive many processes or servers: minutes on two cores."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them."""
    for item in items:
        if item.path.relative_to(TESTS).as_posix() in LONG:
            item.add_marker(pytest.mark.long)


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end of the run: the garbage collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _nothing_goes_on() -> Iterator[None]:
    """No thread that a test left behind still works when all are done.

    One that did took a processor from every test after it, for as long as the rest took.
    """
    yield
    for _ in range(10):  # what ends by itself may take a moment
        start = time.process_time()
        time.sleep(0.5)
        if time.process_time() - start < 0.02:  # little, since on a busy machine a thread at work gets little
            return
    pytest.fail("a thread that a test began goes on working")
