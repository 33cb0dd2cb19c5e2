#!/bin/sh
# Installs what is missing, builds, trains graphs/quickstart.yaml, and says where the pictures are.
# Goes on with the run where there is one already.
# usage: tools/quickstart.sh [argument of `unitgraph run` ...]
set -eu
cd "$(dirname "$0")/.."

tools/build.sh unitgraph
out=runs/quickstart
if [ -e "$out" ]; then
    echo "Going on with the run in $out; remove that folder to begin anew."
    set -- --resume "$@"
fi
build/unitgraph run graphs/quickstart.yaml --out "$out" "$@"
echo
if [ -d "$out/samples" ]; then
    echo "The pictures are in $out/samples: one line each for a scene never trained on, its columns named on top."
else
    echo "There are no pictures yet: 'samples' in graphs/quickstart.yaml says after how many steps they are drawn."
fi
