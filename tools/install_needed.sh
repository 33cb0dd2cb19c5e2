#!/bin/sh
# Installs what building unitgraph needs on Debian 12, and says so; does nothing where all of it is there.
# usage: tools/install_needed.sh [extra package ...]
set -eu

needed="gcc cmake ninja-build pkg-config libyaml-dev libopenblas-dev libpng-dev libturbojpeg0-dev
zlib1g-dev libjansson-dev libstb-dev check $*"

missing=""
for package in $needed; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing:$missing"
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
