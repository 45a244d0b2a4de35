"""What `doctor` prints about a small project on the sandbox, for docs/doctor.md: real, and the same on every day.

The account names two fields as no document does; port and day are replaced by fixed ones.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

PROJECT = """\
version: 1
api: {requests_per_second: 1000}
policy: {senders: [SiamCoffee], max_recipients: {apply: 2000}, max_credits: {apply: 6000}}
"""
CAMPAIGN = """\
name: branch-closed
class: transactional
sender: SiamCoffee
content: "We are closed today"
recipients: [{numbers: ["0800000001", "0800000002"]}]
schedule: 2099-04-10T10:00
"""
NAMES = {"list.rows": {"content": "text", "createdAt": "submittedAt"}, "message": {"content": "text"}}
AUTHOR = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@shop.example"}
COMMITTER = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@shop.example"}


def doctor_sample(*arguments: str) -> str:
    """What ``mesms-gitops doctor`` prints, with ``arguments``."""
    from mesms_gitops.sandbox.server import running

    with tempfile.TemporaryDirectory(prefix="mesms-doctor-") as place, running(now=datetime.now(UTC)) as sandbox:
        folder = Path(place)
        (folder / "campaigns").mkdir()
        (folder / "mesms.yaml").write_text(PROJECT, encoding="utf-8")
        (folder / "campaigns/branch-closed.yaml").write_text(CAMPAIGN, encoding="utf-8")
        (folder / ".gitignore").write_text(".mesms/\n", encoding="utf-8")
        env = {"PATH": os.environ["PATH"], "HOME": place, "LANG": "C.UTF-8", "MESMS_BASE_URL": sandbox.base_url}
        env |= {"MESMS_API_KEY": sandbox.api_key, **AUTHOR, **COMMITTER}

        def run(*command: str) -> str:
            path = Path(sys.executable).with_name(command[0])
            ran = subprocess.run(
                [str(path) if path.exists() else command[0], *command[1:]],
                cwd=folder,
                env=env,
                capture_output=True,
                text=True,
                check=False,
            )
            return ran.stdout

        run("git", "init", "--quiet")
        run("git", "add", "--all")
        run("git", "commit", "--quiet", "--message", "campaigns")
        run("mesms-gitops", "apply", "--auto-approve")
        with sandbox.lock:
            sandbox.world.names = json.loads(json.dumps(NAMES))
        printed = run("mesms-gitops", "doctor", *arguments)
    printed = re.sub(r"127\.0\.0\.1:[0-9]+", "127.0.0.1:8025", printed)
    return re.sub(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "2027-04-01", printed)
