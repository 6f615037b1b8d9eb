#!/bin/sh
# Sees to it that this Python can make virtual environments: Debian ships that part as a package of its own.
set -eu
python=$1
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "mailer needs Python 3.11 or newer; this is $("$python" --version). Try: make PYTHON=python3.12 ..." >&2
    exit 1
}
"$python" -c 'import ensurepip, venv' 2>/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "== installing python3-venv"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
else
    echo "This Python can't make virtual environments. On Debian: sudo apt-get install python3-venv" >&2
    exit 1
fi
