#!/usr/bin/env bash
# Fuzzes what reads files of others: logs and scenarios.
#
#     bash fuzz/run.sh [RUNS] [TARGET...]
#
# RUNS executions of each target (default 20,000, which takes a minute or two with the build), or as many as fit into
# FUZZ_SECONDS seconds, if that is set. Works with a stable toolchain: coverage is asked of LLVM directly, and libFuzzer is
# built by the crate libfuzzer-sys, which needs a C++ compiler. With cargo-fuzz and a nightly toolchain, `cargo fuzz run
# TARGET` works, too. What is found goes to fuzz/artifacts/; new inputs go to a scratch folder, not into the corpus.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

runs=${1:-20000}
shift || true
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(maillog_reader scenario_file)

if ! command -v c++ >/dev/null; then
    sudo=""
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get install -y -qq g++
fi

coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
coverage+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
coverage+=" -Cllvm-args=-sanitizer-coverage-trace-compares"
target=$(rustc -vV | sed -n 's/^host: //p')
# With a target named, the flags do not reach build scripts.
RUSTFLAGS="--cfg fuzzing $coverage" cargo build --release --locked --target "$target" --bins

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for name in "${targets[@]}"; do
    mkdir -p "$scratch/$name" "artifacts/$name"
    limit=(-runs="$runs")
    [ -z "${FUZZ_SECONDS:-}" ] || limit=(-max_total_time="$FUZZ_SECONDS")
    echo "--- $name"
    "${CARGO_TARGET_DIR:-target}/$target/release/$name" "$scratch/$name" "corpus/$name" "${limit[@]}" \
        -max_len=4096 -timeout=10 -rss_limit_mb=1024 -artifact_prefix="artifacts/$name/" -print_final_stats=1 \
        >"$scratch/log" 2>&1 || {
        tail -n 60 "$scratch/log" >&2
        exit 1
    }
    grep -E "^stat::(number_of_executed_units|average_exec_per_sec|new_units_added|slowest_unit_time_sec|peak_rss_mb)" \
        "$scratch/log"
    # For whoever wants to grow the corpus: the inputs that reached new code.
    [ -z "${FUZZ_KEEP:-}" ] || { mkdir -p "$FUZZ_KEEP/$name" && cp -r "$scratch/$name/." "$FUZZ_KEEP/$name/"; }
done
