#!/usr/bin/env bash
# The pictures and the table of docs/gallery.md, from what the shipped scenarios leave behind. From the root:
#
#     target/release/mailflow run scenarios/documented-problem.yaml -q --out /tmp/runs/documented-problem
#     target/release/mailflow sweep scenarios/sweeps/retry-by-runners.yaml -q --out /tmp/sweeps/retry-by-runners
#     bash docs/gallery.sh target/release/mailflow /tmp/runs /tmp/sweeps            # makes them anew
#     bash docs/gallery.sh --check target/release/mailflow /tmp/runs /tmp/sweeps    # tells what is not the same
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

check=false
if [ "${1:-}" = "--check" ]; then
    check=true
    shift
fi
mailflow=$1
day=$2/documented-problem/charts
sweep=$3/retry-by-runners/charts
images=docs/images/gallery
page=docs/gallery.md
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

mkdir "$new/images"
for name in delay.svg tail.svg timeline.svg days.svg causes.svg arrivals.png; do
    cp "$day/$name" "$new/images/day-$name"
done
for name in delay.svg heatmap-p99.svg differences.svg effects.svg together.svg causes.svg; do
    cp "$sweep/$name" "$new/images/sweep-$name"
done

# The table stands between two marks on the page.
{
    sed '/^<!-- qshape -->$/q' "$page"
    printf '```text\n'
    "$mailflow" trace scenarios/documented-problem.yaml --qshape
    printf '```\n'
    sed -n '/^<!-- end of qshape -->$/,$p' "$page"
} >"$new/gallery.md"

if $check; then
    diff -r "$images" "$new/images" >/dev/null || diff -rq "$images" "$new/images"
    diff "$page" "$new/gallery.md"
else
    mkdir -p "$images"
    cp "$new/images/"* "$images/"
    cp "$new/gallery.md" "$page"
fi
