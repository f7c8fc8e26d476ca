#!/usr/bin/env bash
# Shards of a sweep on a real Slurm, some of them killed: the same bytes as one process gives?
#
#     tests/slurm/run.sh target/release/mailflow
#
# Submits the shipped `examples/scale-out/slurm-array.sbatch`, kills three tasks while they simulate, looks
# whether a merge misses them, puts them back into the queue, merges and compares. Exit code 0 only if every
# byte is the same. Starts a Slurm of its own (`cluster.sh`) and ends it, whatever happens. Every wait has an
# end; in all it takes about a minute on two processors.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
array=$here/../../examples/scale-out/slurm-array.sbatch
binary=${1:?which binary? tests/slurm/run.sh target/release/mailflow}
binary=$(cd "$(dirname "$binary")" && pwd)/$(basename "$binary")
[ -x "$binary" ] || {
    echo "run.sh: $binary is not a program" >&2
    exit 2
}

scratch=$(mktemp -d)
cluster=$scratch/cluster
reason=
finish() {
    local code=$?
    trap - EXIT
    if [ "$code" -ne 0 ]; then
        printf '\nrun.sh failed with code %s. What was written until then:\n' "$code"
        find "$scratch" -maxdepth 1 -name '*.log' -exec tail -v -n 20 {} + || true
        [ ! -f "$cluster/slurm.conf" ] || "$here/cluster.sh" logs "$cluster" || true
        # Once more below all that, where one looks first.
        [ -z "$reason" ] || printf '\nrun.sh: %s\n' "$reason"
    fi >&2
    # Not by a variable: it may have been stopped half-way through its start.
    if [ -f "$cluster/slurm.conf" ]; then
        "$here/cluster.sh" stop "$cluster" || code=1
    fi
    rm -rf "$scratch"
    exit "$code"
}
trap finish EXIT
# An interrupted test ends its cluster, too, and so does one whose reader has left (`run.sh .. | head`).
trap 'exit 130' INT TERM HUP PIPE

fail() {
    reason=$1
    printf 'run.sh: %s\n' "$reason" >&2
    exit 1
}

started=$SECONDS
say() {
    printf '[%3s s] %s\n' "$((SECONDS - started))" "$1"
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds, but not for ever.
wait_for() {
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || fail "waited in vain until $what"
        sleep 0.1
    done
}

state() {
    scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | head -n 1
}

runs() {
    [ "$(state "$1")" = RUNNING ]
}

# Not COMPLETED: that one has come to its end before it could be killed.
was_killed() {
    [[ $(state "$1") =~ ^(FAILED|CANCELLED)$ ]]
}

ended() {
    [ -z "$(squeue --noheader --jobs "$1")" ]
}

# Whether a shard, counted from 1, has begun to write its store.
has_store() {
    [ -n "$(find "$scratch/shards" -name "results-$1-of-8*" -size +0)" ]
}

# kill_task NUMBER SCANCEL...: kills a task, counted from 0, in the middle.
kill_task() {
    local task=${job}_$1
    wait_for 60 "task $task runs" runs "$task"
    wait_for 20 "shard $(($1 + 1)) writes its store" has_store "$(($1 + 1))"
    shift
    # So that some days are stored and some are not: a shard takes seconds, even on a fast machine.
    sleep 0.6
    scancel "$@" "$task"
    say "scancel $* $task"
}

submit() {
    # Clusters differ in how long tasks may take; here a test must not take hours.
    MAILFLOW=$binary sbatch --parsable --time=5 --output="$scratch/task-%a.log" "$array" "$scratch/sweep.yaml" \
        "$scratch/shards"
}

all_completed() {
    local states
    states=$(scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' | sort | uniq -c | xargs)
    [ "$states" = "8 COMPLETED" ] || fail "not all 8 tasks are through: $states"
}

"$here/cluster.sh" start "$cluster"
export SLURM_CONF=$cluster/slurm.conf
cp "$here/sweep.yaml" "$here/site.yaml" "$scratch"
cd "$scratch"

say "8 shards on $(nproc) processors"
job=$(submit)
# The merge that waits in the queue, as the example has it: it must say what the killed tasks left out.
early=$(sbatch --parsable --dependency=afterany:"$job" --output="$scratch/early-merge.log" \
    --wrap "'$binary' merge '$scratch/shards' --out '$scratch/early'")
# The first three, which are under way first however many processors there are. Only `--batch` is SIGKILL at
# once, as from a kernel that runs out of memory; without it the task has a second to stop in order.
# Side by side, because on many processors they run so, and the last would be through before its turn came.
killers=()
kill_task 0 --batch --signal=KILL &
killers+=($!)
kill_task 1 --signal=KILL &
killers+=($!)
kill_task 2 --batch --signal=KILL &
killers+=($!)
for killer in "${killers[@]}"; do
    wait "$killer" || fail "a task could not be killed in the middle"
done
for task in 0 1 2; do
    wait_for 20 "task $task is killed" was_killed "${job}_$task"
    say "task $task: $(state "${job}_$task")"
done
squeue --array
wait_for 90 "the other shards are through" ended "$job"
wait_for 30 "the early merge is through" ended "$early"
grep -i missing "$scratch/early-merge.log" ||
    fail "the early merge says of nothing that it is missing: the tasks were killed too late, or it is blind"

say "the killed shards once more"
for task in 0 1 2; do
    scontrol requeue "${job}_$task"
done
wait_for 90 "the killed shards are through" ended "$job"
all_completed "$job"

# Otherwise a shard that begins anew would pass, too.
grep -H 'from the store' "$scratch"/task-[012].log || fail "no killed shard went on where it had stopped"

say "all shards once more, with nothing left to do"
again=$(submit)
wait_for 60 "all shards are through again" ended "$again"
all_completed "$again"

say "merge"
timeout 60 "$binary" merge shards --out merged >merge.log 2>&1 || fail "merge ended with code $?"
say "the same sweep in one process"
timeout 300 "$binary" sweep sweep.yaml --out single >single.log 2>&1 || fail "the sweep in one process ended with code $?"
timeout 60 "$binary" export merged --format csv >merged.csv 2>export.log
timeout 60 "$binary" export single --format csv >single.csv 2>>export.log
[ "$(wc -l <single.csv)" -gt 4 ] || fail "there are hardly any numbers: $(wc -l <single.csv) lines"
cmp merged.csv single.csv || fail "the shards give other bytes than one process"
say "the same $(wc -c <single.csv) bytes from 8 shards, three of them killed, as from one process"
