#!/bin/sh
# The quick tests by each further Python that is installed here, each in a virtual environment of its own;
# with `newest` by the newest alone.
set -eu
export PIP_NO_COMPILE=1  # of what is installed the tests load a part, and that is compiled then
for version in 3.14 3.13 3.12; do
    python=
    for found in "$(command -v "python$version" || true)" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python; do
        # What pyenv puts into the PATH is there for every version, and works for those that are chosen.
        if "$found" -c '' 2>/dev/null; then python=$found; fi
    done
    if [ -z "$python" ]; then
        echo "== Python $version is not installed here: the tests are not run by it"
        continue
    fi
    echo "== the quick tests by $("$python" --version)"
    make --no-print-directory quick PYTHON="$python" VENV=".pythons/$version"
    if [ "${1:-}" = newest ]; then break; fi
done
