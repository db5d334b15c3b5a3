#!/bin/sh
# Creates a virtual environment, or repairs one that does not work, and installs into it:
#   scripts/venv.sh .venv -e '.[test]'
# Does nothing if the same was installed before with the same pyproject.toml.
set -eu

venv=$1
shift
stamp=$venv/installed
here=$(dirname "$0")
request="$(cksum <pyproject.toml) $*"

works() {
    "$venv/bin/python" -c '
import sys
sys.exit(sys.version_info < (3, 10))' </dev/null >/dev/null 2>&1
}

if ! works; then
    python=$("$here/find_python.sh")
    rm -rf "$venv"
    echo "Making $venv with $("$python" --version) ..." >&2
    "$python" -m venv "$venv"
fi
"$venv/bin/python" -c 'import pip' </dev/null >/dev/null 2>&1 ||
    "$venv/bin/python" -m ensurepip >/dev/null
if ! grep -qxF "$request" "$stamp" 2>/dev/null; then
    echo "Installing into $venv: $*" >&2
    # -qq: only errors. The last message is for people who do not know pip.
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check "$@" </dev/null || {
        echo "The installation failed; pip's error is above. Is https://pypi.org reachable? Behind a" \
            "proxy, set HTTPS_PROXY." >&2
        exit 1
    }
    echo "$request" >>"$stamp"
fi
