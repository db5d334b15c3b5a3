#!/usr/bin/env bash
# One sync of a store into a target. It saves the state, so that the next sync continues from there.
#
#   sync.sh FOLDER
#
# FOLDER has config.json (the tap's settings), target.json (the target's settings) and, to select
# streams and fields, catalog.json. This script adds state.json.
#
#   TAP, TARGET   the programs, if they are not tap-bigcommerce and target-jsonl on the PATH
#   PYTHON        any Python 3, if it is not python3
#
# Exit status: 0 success; 75 the previous sync is still running, nothing was done; otherwise that of
# the program that failed, whose error is on standard error.
#
# Needs bash, flock (util-linux) and Python 3.
set -euo pipefail
cd "${1:?"Which folder? sync.sh FOLDER"}"
tap=${TAP:-tap-bigcommerce}
target=${TARGET:-target-jsonl}

# This script and the programs that it starts hold the lock: it is released when all have ended.
exec 9>>sync.lock
if ! flock --nonblock 9; then
    echo "sync.sh: the previous sync is still running in $PWD; this one is skipped." >&2
    exit 75
fi

# Saves the last complete STATE that the target wrote. If there is none, the old state is kept.
keep_state() {
    [ -e state.json.next ] || return 0
    "${PYTHON:-python3}" - <<'PYTHON'
import json
import os
from pathlib import Path

for line in reversed(Path("state.json.next").read_bytes().splitlines()):
    try:
        complete = isinstance(json.loads(line)["bookmarks"], dict)
    except (ValueError, KeyError, TypeError):
        complete = False  # cut off, or not a state
    if complete:
        # Write the content to the disk before renaming it: state.json is always complete.
        with open("state.json.new", "wb") as file:
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace("state.json.new", "state.json")
        break
os.unlink("state.json.next")
PYTHON
}

# A state that is left from a sync that was killed, or from a power failure: its rows are loaded.
keep_state

arguments=(--config config.json)
if [ -e catalog.json ]; then arguments+=(--catalog catalog.json); fi
if [ -e state.json ]; then arguments+=(--state state.json); fi

status=0
"$tap" "${arguments[@]}" | "$target" --config target.json >state.json.next || status=$?
# Also after a failure: a target writes a STATE only once the rows before it are loaded.
keep_state
exit "$status"
