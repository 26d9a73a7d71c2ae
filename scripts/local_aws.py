"""The one local AWS of a state directory: what was started, whether it lives, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIR = Path(os.environ.get("MOAT_LOCAL_DIR") or ROOT / ".local").resolve()
PORT = int(os.environ.get("MOAT_LOCAL_PORT") or 4566)
STATE = DIR / "aws.json"
LOG = DIR / "aws.log"


def say(*words):
    print(*words, file=sys.stderr, flush=True)


def endpoint(port=PORT):
    return f"http://127.0.0.1:{port}"


def is_healthy(port):
    try:
        with urllib.request.urlopen(endpoint(port) + "/_ministack/health", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def started_at(pid):
    """When the process began, or None when there is none: process ids are used again, pairs of both are not."""
    found = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def remember(pid):
    DIR.mkdir(parents=True, exist_ok=True)
    STATE.write_text(json.dumps({"pid": pid, "started": started_at(pid), "port": PORT}))


def recall():
    """What this state directory started, as {pid, started, port}, whether it still lives or not."""
    try:
        return json.loads(STATE.read_text())
    except (FileNotFoundError, ValueError):
        return None


def lives(state):
    return bool(state) and started_at(state["pid"]) == state["started"]


def end(state):
    """Ends the process and everything that it started, and nothing else. Says whether there was anything to end."""
    group = state["pid"]
    if started_at(group) not in (None, state["started"]):
        return False  # somebody else's process has that number now
    was_there = False
    for sign, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(group, sign)
        except (ProcessLookupError, PermissionError):
            break
        was_there = True
        until = time.monotonic() + patience
        while time.monotonic() < until and group_lives(group):
            time.sleep(0.1)
    return was_there


def group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    listing = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=False).stdout
    rows = (line.split() for line in listing.splitlines())
    return any(row[0] == str(group) and not row[1].startswith("Z") for row in rows if len(row) == 2)
