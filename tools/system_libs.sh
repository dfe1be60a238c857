#!/bin/sh
# Unpack the Debian packages of apt.txt beside MXNet's library, which looks
# there first, where the system lacks them. No root, nothing outside .venv.
set -eu
python=$1
"$python" -c 'import ctypes
ctypes.CDLL("libgomp.so.1"), ctypes.CDLL("libquadmath.so.0")' 2>/dev/null \
    && exit 0
mxnet=$("$python" -c 'import importlib.util as u
print(u.find_spec("mxnet").submodule_search_locations[0])')
[ -e "$mxnet/libgomp.so.1" ] && exit 0
if ! command -v apt-get >/dev/null; then
    echo 'install libgomp and libquadmath (GCC runtime), then try again' >&2
    exit 1
fi
echo "unpacking $(tr '\n' ' ' <apt.txt)into .venv: this system lacks them"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
apt="apt-get -qq -o Dir::State::lists=$work/lists -o Dir::Cache=$work/cache
    -o APT::Sandbox::User=$(id -un)"
$apt update
packages=$(cat apt.txt)
(cd "$work" && $apt download $packages)
for deb in "$work"/*.deb; do dpkg-deb -x "$deb" "$work/root"; done
find "$work/root" -name '*.so.*' -exec cp -L {} "$mxnet/" \;
