#!/usr/bin/env bash
# Installs the named tools where they are missing: Debian packages by apt-get, cargo tools from their source.
set -euo pipefail

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# What Debian installs it also starts, as a service on its usual port, unless a policy says no.
without_starting() {
    local policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then "$@"; return; fi
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod +x "$policy"
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    "$@"
    as_root rm -f "$policy"
    trap - EXIT
}

# Daemons live where not everybody looks.
PATH=$PATH:/usr/sbin

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
        without_starting as_root apt-get install -y -qq --no-install-recommends "$tool" >/dev/null
        ;;
    esac
done
