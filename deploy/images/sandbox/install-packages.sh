#!/bin/sh
# Two sets, checked against hashes: the sandbox's own, and what code may import.
# From the index, or, without any network, from the files in /wheels.
set -eu
set --
if ls /wheels/*.whl >/dev/null 2>&1; then
    set -- --no-index --find-links /wheels
fi
for name in sandbox code; do
    python3 -m venv "/opt/$name"
    "/opt/$name/bin/pip" install --no-cache-dir "$@" --require-hashes --requirement "/tmp/$name.txt"
done
