#!/usr/bin/env bash
# A disk that is full, a folder that cannot be written, and what is left of a sweep then. Linux only.
#
#     bash tests/disk/run.sh target/release/mailflow
#
# Small disks in memory are mounted in a namespace of the script's own, which ends with it; root is not needed
# where the kernel lets users have such namespaces.
set -euo pipefail

binary=$(realpath "${1:?which mailflow? run.sh BINARY}")
if [ "${2:-}" != inside ]; then
    own=()
    [ "$(id -u)" -eq 0 ] || own=(--user --map-root-user)
    exec unshare "${own[@]}" --mount bash "$0" "$binary" inside
fi

scratch=$(mktemp -d)
finish() {
    umount "$scratch/small" 2>/dev/null || true
    rm -rf "$scratch"
}
trap finish EXIT

fail() {
    echo "FAILED: $1" >&2
    cat "$scratch/said" >&2
    exit 1
}

# expect CODE TEXT COMMAND...: how the command has to end, and what it has to say on stderr.
expect() {
    local code=$1 text=$2 ended=0
    shift 2
    "$@" 2>"$scratch/said" </dev/null || ended=$?
    [ "$ended" -eq "$code" ] || fail "exit code $ended instead of $code: $*"
    grep -q -- "$text" "$scratch/said" || fail "\"$text\" is not said: $*"
}

printf '%s\n' 'run: { simulate: 6h }' 'mail: { arrivals: { poisson: { rate: 60/min } } }' >"$scratch/base.yaml"
printf '%s\n' 'base: base.yaml' 'vary: { proofpoint.queue_runners: [1, 2, 3, 4] }' 'run: { repeats: 100 }' \
    >"$scratch/sweep.yaml"
mkdir "$scratch/small"
mount -t tmpfs -o size=512k none "$scratch/small"
out=$scratch/small/out
sweep=("$binary" sweep "$scratch/sweep.yaml" -q --out)

"${sweep[@]}" "$scratch/whole" >"$scratch/page"

expect 3 'the disk is full; what was stored is kept' "${sweep[@]}" "$out" >/dev/null
"$binary" export "$out" >"$scratch/part" 2>"$scratch/said" || fail "export after a full disk"
grep -q 'runs are missing' "$scratch/said" || fail "export does not say what is missing"
mount -o remount,size=16m "$scratch/small"
"$binary" sweep "$scratch/sweep.yaml" --out "$out" >/dev/null 2>"$scratch/said" || fail "going on with space"
there=$(grep -o '[0-9]* of 400 runs from the store' "$scratch/said") || fail "nothing was kept"
echo "full disk: exit code 3, then $there"
cmp "$scratch/whole/results.json" "$out/results.json" || fail "a full disk on the way changes the results"

mount -o remount,ro "$scratch/small"
expect 3 'use --out to write elsewhere' "${sweep[@]}" "$out" --fresh >/dev/null
expect 3 'use --out to write elsewhere' "${sweep[@]}" "$scratch/small/new" >/dev/null
"$binary" export "$out" >"$scratch/archived" || fail "export from a folder that cannot be written"
"$binary" export "$scratch/whole" >"$scratch/exported"
cmp "$scratch/exported" "$scratch/archived" || fail "a read-only folder exports something else"
echo "read-only disk: exit code 3 to write, export gives the same bytes"

for format in csv json md; do
    for from in "$scratch/whole" "$out"; do
        ended=0
        "$binary" export "$from" --format "$format" >/dev/full 2>"$scratch/said" || ended=$?
        [ "$ended" -eq 3 ] || fail "export of $format to a full device: exit code $ended"
        grep -q 'could not write to standard output' "$scratch/said" || fail "that it is full is not said"
    done
done
ended=0
"$binary" run "$scratch/base.yaml" --repeats 2 --out "$scratch/run" >/dev/full 2>"$scratch/said" || ended=$?
[ "$ended" -eq 3 ] || fail "run with stdout on a full device: exit code $ended"
"$binary" export "$scratch/run" >/dev/null || fail "what was run is not kept"
echo "standard output on a full device: exit code 3, what was run is kept"
