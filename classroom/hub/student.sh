#!/bin/sh
# Start a student's server. It runs under the student's account: the hub, as
# root, never writes into a folder that belongs to a student
set -eu
course=$1 python=$2
shift 2
if [ ! -e "$HOME/notebooks" ]; then
    echo "copying the lessons to $HOME/notebooks"
    # Under another name until it is whole
    rm -rf "$HOME/.notebooks.new"
    cp -R "$course/notebooks" "$HOME/.notebooks.new"
    mv "$HOME/.notebooks.new" "$HOME/notebooks"
fi
# Kernels' sockets: the usual folder's name is too long for some homes
export JUPYTER_RUNTIME_DIR="$HOME/.jupyter/run"
# The first to end when memory runs out, so that hub and proxy live on; a
# runaway array ends in a MemoryError (lesson 13 needs 1 GiB), and a program
# that starts itself without end stops here
exec choom --adjust 500 -- \
    prlimit --data=2147483648 --nproc=1024 -- \
    "$python" -m jupyterhub.singleuser "$@"
