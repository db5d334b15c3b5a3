#!/usr/bin/env bash
# One sync of a store into a target; keeps the state, so that the next one goes on from there.
#
#   sync.sh FOLDER
#
# FOLDER holds config.json (the tap's settings) and target.json (the target's), and catalog.json if
# not everything that is selected by default shall be read. This script adds state.json.
#
#   TAP, TARGET   the programs, if they are not tap-bigcommerce and target-jsonl on the PATH
#   PYTHON        any Python 3, if it is not python3
#
# Exit status: 0 all is well; 75 the sync before still runs, nothing was done; otherwise that of the
# program that failed, and its reason is on standard error.
#
# Needs bash, flock (util-linux) and Python 3.
set -euo pipefail
cd "${1:?"Which folder? sync.sh FOLDER"}"
tap=${TAP:-tap-bigcommerce}
target=${TARGET:-target-jsonl}

# The lock belongs to this script and to the programs that it starts: it is free when all are gone.
exec 9>>sync.lock
if ! flock --nonblock 9; then
    echo "sync.sh: the sync before still runs in $PWD; this one is left out." >&2
    exit 75
fi

# Takes the last whole STATE that the target wrote as the new state. Without one the old one stays.
keep_state() {
    [ -e state.json.next ] || return 0
    "${PYTHON:-python3}" - <<'PYTHON'
import json
import os
from pathlib import Path

for line in reversed(Path("state.json.next").read_bytes().splitlines()):
    try:
        whole = isinstance(json.loads(line)["bookmarks"], dict)
    except (ValueError, KeyError, TypeError):
        whole = False  # cut off on the way, or no state at all
    if whole:
        # First the whole of it on the disk, then its name: there is never half a state.json.
        with open("state.json.whole", "wb") as file:
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace("state.json.whole", "state.json")
        break
os.unlink("state.json.next")
PYTHON
}

# What a sync that was killed, or a machine that lost its power, has left: its rows are loaded.
keep_state

arguments=(--config config.json)
if [ -e catalog.json ]; then arguments+=(--catalog catalog.json); fi
if [ -e state.json ]; then arguments+=(--state state.json); fi

status=0
"$tap" "${arguments[@]}" | "$target" --config target.json >state.json.next || status=$?
# Also after a failure: a target writes a STATE only when the rows before it are loaded.
keep_state
exit "$status"
