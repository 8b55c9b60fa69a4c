#!/usr/bin/env bash
# Installs the named tools where they are missing: Debian packages by apt-get, cargo tools from their source.
set -euo pipefail

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

for tool in "$@"; do
    command -v "$tool" >/dev/null && continue
    echo "installing $tool" >&2
    case $tool in
    cargo-*)
        # The target directory is kept apart: its dependencies are built with other features.
        CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/tools cargo install --locked --quiet "$tool"
        ;;
    *)
        as_root apt-get update -qq
        as_root apt-get install -y -qq --no-install-recommends "$tool" >/dev/null
        ;;
    esac
done
