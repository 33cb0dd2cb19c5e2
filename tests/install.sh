#!/bin/sh
# Installs into a folder of its own, and uses what is there as a stranger would: the command with an installed
# graph by name, the manual page, and tests/client.c, built against the library with pkg-config.
# usage: tests/install.sh BUILD SOURCE COMPILER [FLAG ...]
set -eu
build=$1 source=$2 compiler=$3
shift 3
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cmake --install "$build" --prefix "$place/usr" >/dev/null

mkdir "$place/work"
cd "$place/work"
PATH=$place/usr/bin:$PATH
cat >mine.yaml <<'YAML'
unitgraph: 1
include: quickstart.yaml
vars: {dim: 2, n_res: 1, shared: 1}
samples: ~
validate: ~
YAML
unitgraph check unit_2018.yaml --set data.x1.images=x 2>&1 | grep -q "'x'" # the file was found, its data was not
unitgraph check graphs/bench.yaml --set dim=2 >check.txt
unitgraph run mine.yaml --steps 1 --quiet
man=$(find "$place/usr" -name unitgraph.1)
for word in NAME SYNOPSIS 'unitgraph translate' 'unitgraph convert' '\\-\\-resume' 'EXIT STATUS'; do
    grep -q -e "$word" "$man"
done

PKG_CONFIG_PATH=$(dirname "$(find "$place/usr" -name unitgraph.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # several flags
"$compiler" "$@" -Wall -Werror -o client "$source/tests/client.c" $(pkg-config --cflags --libs unitgraph)
unitgraph translate runs/mine 1to2 "$source/graphs/pictures/unit.png" by_command.png --quiet
./client runs/mine 1to2 "$source/graphs/pictures/unit.png" by_client.png
cmp by_command.png by_client.png
