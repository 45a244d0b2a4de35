"""Which tests are long: `make prove` runs them, `make test` the others; both together are all there are."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LONG = frozenset(
    {
        "audience/test_rules.py",  # every rule over millions of generated texts
        "audience/test_spark.py",  # a real Spark on a real JVM
        "browser/test_report.py",
        "cli/test_doctor_git.py",
        "cli/test_doctor_quirks.py",
        "cli/test_engine.py",  # Spark again
        "cli/test_git_state.py",  # throw-away clones, killed at random
        "cli/test_plan_memory.py",
        "cli/test_timeline_honest.py",  # whole lives of projects, each verified
        "cli/test_timeline_tampered.py",
        "docs/test_fresh_clone.py",  # installs everything once more
        "github/test_left_behind.py",
        "github/test_merging.py",
        "github/test_story.py",  # the workflows as the runner runs them, from branch to report
        "protocol/test_bucket.py",
        "store/test_git_remotes.py",
        "store/test_migration.py",
        "store/test_rows.py",
    }
)
"""Files of tests that drive many processes or servers: minutes on two cores."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them."""
    for item in items:
        if item.path.relative_to(TESTS).as_posix() in LONG:
            item.add_marker(pytest.mark.long)
