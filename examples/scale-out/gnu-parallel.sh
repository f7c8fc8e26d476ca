#!/usr/bin/env bash
# A sweep in 8 shards on this machine, as many at a time as there are processors, and the merge:
#
#     bash gnu-parallel.sh sweep.yaml output/sweep output/merged
#
# One `mailflow sweep` uses all processors by itself. Shards on one machine are worth it where a process is
# limited (memory, a processor set) or to try out what will run on a cluster. With GNU parallel the shards
# may also be spread over machines with one file system: PARALLEL='--sshloginfile machines --workdir .'.
# After a failure run the same line again: what is stored is not simulated twice.
set -euo pipefail

sweep=${1:?which sweep? gnu-parallel.sh FILE DIR MERGED}
# Without a slash at its end, since the log of the shards is to stand beside it.
out=${2:?where do the shards go? gnu-parallel.sh FILE DIR MERGED}
out=${out%/}
merged=${3:?where does the result go? gnu-parallel.sh FILE DIR MERGED}
mailflow=${MAILFLOW:-mailflow}
shards=${SHARDS:-8}
at_a_time=${JOBS:-$(nproc)}

# Each shard is told which one it is as an Indexed Job of Kubernetes would, counted from 0; in an array of
# Slurm, the task's own number must not win over that. One thread each: there are as many shards at a time.
shard=(env -u SLURM_ARRAY_TASK_ID "JOB_COMPLETIONS=$shards" "JOB_COMPLETION_INDEX={}"
    "$mailflow" sweep "$sweep" --shard auto --jobs 1 --out "$out")

mkdir -p "$out"
# Debian's moreutils has a `parallel` too, which takes other options.
if parallel --version 2>/dev/null | grep -q '^GNU parallel'; then
    # Lines of one shard stay together; the log says which shard failed and how long each took.
    seq 0 $((shards - 1)) |
        parallel --will-cite --quote --jobs "$at_a_time" --line-buffer --tag --joblog "$out-shards.log" \
            "${shard[@]}" || failed=$?
else
    seq 0 $((shards - 1)) | xargs -P "$at_a_time" -I '{}' "${shard[@]}" || failed=$?
fi
if [ "${failed:-0}" -ne 0 ]; then
    echo "a shard failed; run the same line again, the others take no time" >&2
    exit "$failed"
fi

"$mailflow" merge "$out" --out "$merged"
