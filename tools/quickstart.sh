#!/bin/sh
# Installs what is missing, builds, trains graphs/quickstart.yaml, and says where the pictures are.
# usage: tools/quickstart.sh [argument of `unitgraph run` ...]
set -eu
cd "$(dirname "$0")/.."

tools/install_needed.sh
[ -f build/build.ninja ] || [ -f build/Makefile ] || cmake -S . -B build -G Ninja
cmake --build build --target unitgraph

out=runs/quickstart
if [ -e "$out" ]; then
    echo "$out is there already: go on with 'build/unitgraph run graphs/quickstart.yaml --resume', or remove it first." >&2
    exit 1
fi
build/unitgraph run graphs/quickstart.yaml --out "$out" "$@"
echo
echo "The pictures are in $out/samples: one line each for a scene never trained on, its columns named on top."
