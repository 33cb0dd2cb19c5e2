#!/bin/sh
# Installs what is missing, and builds in build/, with Ninja unless that folder was set up otherwise.
# usage: tools/build.sh [target]
set -eu
cd "$(dirname "$0")/.."

tools/install_needed.sh
if [ -f build/CMakeCache.txt ]; then
    cmake -S . -B build
else
    cmake -S . -B build -G Ninja
fi
cmake --build build -j "$(nproc)" --target "${1:-all}"
