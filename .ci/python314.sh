#!/bin/sh
# Run the tests of level unit by the CPython 3.14 that the npm package pyodide carries: $1 is the virtual
# environment whose packages they use, the rest are options of pytest.
set -eu
cd "$(dirname "$0")/.."
venv=$1 folder=.pythons/webassembly
shift
if ! command -v npm >/dev/null; then
    echo "== npm is not here (Debian: apt-get install nodejs npm): nothing is run by Python 3.14"
    exit 0
fi
if [ ! -e "$folder/.installed" ]; then
    echo "== installing pyodide, and for it what is compiled of our packages"
    npm install --silent --no-save --prefix "$folder" pyodide@314.0.7
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$folder/site" \
        --platform pyemscripten_2026_0_wasm32 --python-version 3.14 --implementation cp --abi cp314 \
        --only-binary=:all: --constraint constraints.txt hypothesis pydantic-core
    touch "$folder/.installed"
fi
packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# Deep nesting is one of the things that are tried.
ulimit -s "$(ulimit -Hs)"
exec node --stack-size=60000 .ci/python314.mjs "$folder" "$packages" "$@"
