#!/bin/sh
# Download Debian packages into a folder: sh tools/debs.sh FOLDER PACKAGE...
# Without root, and without the lists or the cache of this system.
set -eu
folder=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$folder" "$work/lists/partial" "$work/cache/archives/partial"
# As root apt would become a user who can't read this folder
apt() {
    apt-get -qq -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
        -o APT::Sandbox::User=root "$@"
}
apt update
cd "$folder"
apt download "$@"
