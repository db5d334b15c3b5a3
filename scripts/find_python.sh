#!/bin/sh
# Prints the path of a Python that can run the tap and create virtual environments. If there is none,
# it prints what to install, and fails.
#   scripts/find_python.sh         any supported version; PYTHON=... is tried first
#   scripts/find_python.sh 3.10    only this version; fails without a message if there is none
set -eu

OLDEST=3.10
wanted=${1:-}

candidates() {
    if [ -n "$wanted" ]; then
        command -v "python$wanted" || true
        ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$wanted".*/bin/python 2>/dev/null || true
        command -v python3 python || true
        return
    fi
    for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do
        [ -z "$name" ] || command -v "$name" || true
    done
}

# Each candidate is run: it may be a shim of a version manager that does not work.
suits() {
    "$1" -c "
import sys
version = sys.version_info[:2]
wanted = tuple(map(int, '${wanted:-$OLDEST}'.split('.')))
sys.exit(version != wanted if '$wanted' else version < wanted)" </dev/null >/dev/null 2>&1
}

without_venv=
too_old=
IFS='
'
for python in $(candidates); do
    if suits "$python"; then
        if "$python" -c 'import ensurepip, venv' </dev/null >/dev/null 2>&1; then
            echo "$python"
            exit 0
        fi
        without_venv=${without_venv:-$python}
    elif [ -z "$too_old" ]; then
        too_old=$("$python" -c 'import platform; print(platform.python_version())' \
            </dev/null 2>/dev/null) || too_old=
    fi
done

[ -z "$wanted" ] || exit 1
if [ -n "$without_venv" ]; then
    version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "Python $version ($without_venv) cannot make virtual environments: its modules venv and" \
        "ensurepip are not installed. On Debian and Ubuntu: sudo apt install python3-venv" \
        "(or python$version-venv). Then run this again." >&2
elif [ -n "$too_old" ]; then
    echo "Python $OLDEST or later is needed; what is here is Python $too_old. Install a later one" \
        "(https://www.python.org/downloads/, 'brew install python', 'sudo apt install python3" \
        "python3-venv') and run this again, or name it: make PYTHON=/path/to/python3" >&2
else
    echo "Python $OLDEST or later is needed, and none was found. Install it" \
        "(https://www.python.org/downloads/, 'brew install python', 'sudo apt install python3" \
        "python3-venv') and run this again, or name it: make PYTHON=/path/to/python3" >&2
fi
exit 1
