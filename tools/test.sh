#!/bin/sh
# Installs what is missing, builds, and runs every test.
# usage: tools/test.sh [ctest argument ...]
set -eu
cd "$(dirname "$0")/.."

tools/build.sh
ctest --test-dir build --output-on-failure -j "$(nproc)" "$@"
