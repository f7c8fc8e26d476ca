#!/usr/bin/env bash
# The page report.html in a real browser: does it open alone, sort, filter, print, and reach everybody?
#
#     tests/browser/run.sh target/release/mailflow
#
# Installs Chromium, its driver and poppler's pdftotext where they are missing (Debian or Ubuntu, as root or with
# sudo), fetches axe-core by npm into a folder that is removed again, builds the test, which is a package of its own,
# and runs it. Exit code 0 only if every check passes, and every fault that is planted for a check is noticed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "${1:?which binary? tests/browser/run.sh target/release/mailflow}")
[ -x "$binary" ] || {
    echo "run.sh: $binary is not a program" >&2
    exit 2
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

missing=()
command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium fonts-liberation)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
command -v pdftotext >/dev/null || missing+=(poppler-utils)
command -v npm >/dev/null || missing+=(npm)
if [ "${#missing[@]}" -gt 0 ]; then
    root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    echo "installing ${missing[*]}"
    "${root[@]}" apt-get update -qq
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
        >"$scratch/apt.log" 2>&1 || {
        tail -n 20 "$scratch/apt.log" >&2
        exit 1
    }
fi

# A version that is known to pass: a rule that is new tomorrow is no reason to fail today.
(cd "$scratch" && npm pack --silent axe-core@4.14.1 >/dev/null && tar xzf axe-core-4.14.1.tgz package/axe.min.js)

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$here/../../target}/browser
cargo build --quiet --locked --manifest-path "$here/Cargo.toml"
"$CARGO_TARGET_DIR/debug/mailflow-browser-test" "$binary" "$scratch/package/axe.min.js"
