#!/bin/sh
# Start the demo hub: make hub. Arguments go to jupyterhub
set -eu
here=$(cd "${0%/*}" && pwd)
python=${HUB_PYTHON:-$here/../../.venv/bin/python}

for tool in node npm; do
    command -v "$tool" >/dev/null || {
        echo "no $tool here, expected Node 18 or newer with npm:" \
            'apt-get install nodejs npm' >&2
        exit 1
    }
done
major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
[ "$major" -ge 18 ] || {
    echo "node is $(node --version), expected v18 or newer:" \
        'install a newer nodejs' >&2
    exit 1
}
"$python" -c 'import jupyterhub' 2>/dev/null || {
    echo "$python has no jupyterhub: make setup" >&2
    exit 1
}
# npm leaves its own copy of the lock behind when all is installed
cd "$here"
if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    echo 'installing the proxy into classroom/hub/node_modules'
    npm ci --silent --ignore-scripts --no-audit --no-fund
    touch node_modules/.package-lock.json
fi
exec "$python" -m jupyterhub \
    --config="${HUB_CONFIG:-$here/jupyterhub_config.py}" "$@"
