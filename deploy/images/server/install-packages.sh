#!/bin/sh
# Puts the locked packages into .venv: from the index, or, without any network, from the files in /wheels.
set -eu
: "${UV_VERSION:?}" "${EXTRAS:?}"

chosen=""
for extra in $EXTRAS; do
    chosen="$chosen --extra $extra"
done

# shellcheck disable=SC2086 # several words on purpose
if ls /wheels/*.whl >/dev/null 2>&1; then
    python3 -m pip install --no-cache-dir --no-index --find-links /wheels "uv==$UV_VERSION"
    uv export --quiet --offline --frozen --no-dev --no-emit-project $chosen --output-file /tmp/requirements.txt
    uv venv --quiet
    uv pip install --offline --no-index --find-links /wheels --require-hashes --requirements /tmp/requirements.txt
else
    python3 -m pip install --no-cache-dir "uv==$UV_VERSION"
    uv sync --locked --no-dev --no-install-project $chosen
fi

# The source stands beside .venv and is no package in it: a change to it leaves this layer as it is.
cat >.venv/bin/homeport <<'LAUNCHER'
#!/app/api/.venv/bin/python
from homeport.entry.cli.main import main

main()
LAUNCHER
chmod 755 .venv/bin/homeport
.venv/bin/python -c 'import site; open(site.getsitepackages()[0] + "/homeport.pth", "w").write("/app/api\n")'
