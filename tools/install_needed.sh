#!/bin/sh
# Installs what building unitgraph needs on Debian 12, and says so; does nothing where all of it is there.
# usage: tools/install_needed.sh [extra package ...]
set -eu

needed="gcc libc6-dev cmake make ninja-build pkg-config libyaml-dev libopenblas-dev libpng-dev
libturbojpeg0-dev zlib1g-dev libjansson-dev libstb-dev libjs-dygraphs check $*"

command -v dpkg-query >/dev/null || {
    echo "This is no Debian: see that these are installed, by whatever names:" $needed >&2
    exit 0
}
missing=""
for package in $needed; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" != 0 ]; then
    as_root=sudo
    command -v sudo >/dev/null || {
        echo "These packages are missing, and there is no sudo to install them with. As root:" >&2
        echo "    apt-get install$missing" >&2
        exit 1
    }
fi
echo "Installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of names
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
