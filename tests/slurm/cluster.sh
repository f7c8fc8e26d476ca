#!/usr/bin/env bash
# A real Slurm of one node, for tests: on loopback, in a folder of its own, as whoever runs it.
#
#     tests/slurm/cluster.sh start [DIR]    installs what is missing, starts it, waits until the node is idle
#     tests/slurm/cluster.sh stop [DIR]     ends everything that was started and removes DIR
#     tests/slurm/cluster.sh logs [DIR]     what the daemons wrote
#
# DIR is a folder that does not exist yet [default: mailflow-slurm in $TMPDIR]. Needs neither systemd nor
# cgroups, so that it works in a plain container; a Slurm that the machine has already is left in peace: keys,
# sockets and ports are others. Not for work: there are no limits on memory and no accounting.
set -euo pipefail

folder=${2:-${TMPDIR:-/tmp}/mailflow-slurm}
# By this variable in their environment `stop` knows the processes that `start` has started, and no others.
mark=MAILFLOW_TEST_CLUSTER=$folder
# Debian installs the daemons here, which is not in everybody's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

fail() {
    printf 'cluster.sh: %s\n' "$1" >&2
    exit 1
}

# Waits up to SECONDS until COMMAND succeeds: within SECONDS COMMAND...
within() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.1
    done
}

present() {
    local program
    for program in munged slurmctld slurmd sbatch; do
        command -v "$program" >/dev/null || return 1
    done
}

install() {
    present && return
    local as=()
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null ||
            fail "Slurm is not installed and this is not root. As root: apt-get install slurm-wlm munge"
        as=(sudo -n)
    fi
    command -v apt-get >/dev/null ||
        fail "Slurm is not installed and there is no apt-get. Install slurmctld, slurmd, sbatch and munged."
    echo "installing slurm-wlm and munge"
    local log
    log=$(mktemp)
    if ! { "${as[@]}" timeout 300 apt-get update && "${as[@]}" env DEBIAN_FRONTEND=noninteractive \
        timeout 600 apt-get install -y --no-install-recommends slurm-wlm munge; } >"$log" 2>&1 </dev/null; then
        tail -20 "$log" >&2
        fail "apt-get could not install slurm-wlm and munge; its log is $log"
    fi
    rm "$log"
    present || fail "slurm-wlm and munge are installed, but a daemon is still missing"
}

# Prints the first port from FROM on where nobody listens.
free_port() {
    local port
    for port in $(seq "$1" $(($1 + 200))); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    fail "no free port from $1 on"
}

configure() {
    local name user memory controller daemon
    name=$(uname -n)
    # Slurm knows machines by the first part of their names.
    name=${name%%.*}
    user=$(id -un)
    memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    controller=$(free_port 26817)
    daemon=$(free_port $((controller + 1)))
    cat >"$folder/slurm.conf" <<END
ClusterName=mailflow
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=$controller
SlurmdPort=$daemon
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
CredType=cred/munge
# A task that is put back waits as long as credentials live: two minutes by default, 5 s at the least.
AuthInfo=socket=$folder/munge.socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.file.pid
SlurmdPidFile=$folder/slurmd.file.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
# Processes are followed by their parents: many containers have no cgroups to write to.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
# Queues are looked at every minute by default, which a test would wait for.
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1,sched_min_interval=100000
# Nobody gets mail; a mailer that is missing is an error in the log.
MailProg=/bin/true
# One node is up when it answers, whatever it was before.
ReturnToService=2
# The processors named below count, even where a container shows fewer sockets than that.
SlurmdParameters=config_overrides
KillWait=1
MinJobAge=600
NodeName=$name NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=$name Default=YES MaxTime=10 State=UP
END
}

# Starts a daemon in the background, in a session of its own: daemon NAME COMMAND...
daemon() {
    local name=$1
    shift
    env "$mark" SLURM_CONF="$folder/slurm.conf" setsid "$@" </dev/null >>"$folder/$name.out" 2>&1 &
    echo $! >"$folder/$name.pid"
}

alive() {
    kill -0 "$(cat "$folder/$1.pid")" 2>/dev/null
}

idle() {
    [ "$(sinfo --noheader --format %T)" = idle ]
}

munge_answers() {
    munge -n -S "$folder/munge.socket" | unmunge -S "$folder/munge.socket"
}

start_munge() {
    # A key of its own: that of the machine is not readable for everybody, and nobody's business here.
    (umask 077 && head -c 1024 /dev/urandom >"$folder/munge.key")
    # Forced, because munge distrusts folders that others may write to, such as a shared /tmp.
    daemon munged munged --foreground --force --key-file="$folder/munge.key" --num-threads=2 \
        --socket="$folder/munge.socket" --pid-file="$folder/munged.file.pid" \
        --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
    within 10 munge_answers
}

# Versions differ in how they are told to do without cgroups, and an unknown word ends the daemon at once.
start_slurmd() {
    local plugin
    for plugin in disabled autodetect; do
        echo "CgroupPlugin=$plugin" >"$folder/cgroup.conf"
        daemon slurmd slurmd -D
        within 20 node_decided && alive slurmd && return
        kill -KILL "$(cat "$folder/slurmd.pid")" 2>/dev/null || true
    done
    return 1
}

# Either way: a daemon that has ended will not come up by waiting.
node_decided() {
    ! alive slurmd || idle
}

start() {
    [ ! -e "$folder" ] || fail "$folder exists: end that cluster first (cluster.sh stop $folder)"
    install
    mkdir -p "$folder"/state "$folder"/spool
    # Munge's socket has to be reachable for every user, however strict the umask.
    chmod 755 "$folder" "$folder"/state "$folder"/spool
    configure
    export SLURM_CONF=$folder/slurm.conf
    start_munge || give_up "munged does not answer"
    daemon slurmctld slurmctld -D
    within 20 scontrol ping || give_up "slurmctld does not answer"
    start_slurmd || give_up "the node did not become idle"
    sinfo
    printf '\nRunning. To use it:\n    export SLURM_CONF=%s\nTo end it:\n    %s stop %s\n' \
        "$SLURM_CONF" "$0" "$folder"
}

give_up() {
    logs >&2
    stop
    fail "$1"
}

logs() {
    local file
    for file in "$folder"/*.out "$folder"/*.log; do
        [ -s "$file" ] || continue
        printf -- '--- %s\n' "$file"
        tail -40 "$file"
    done
}

# Numbers of the processes that carry the mark: the daemons, and what slurmd started to watch over tasks.
marked() {
    local process
    for process in /proc/[0-9]*; do
        # A process may end while it is looked at, and others' are not for us to read.
        if { tr '\0' '\n' <"$process/environ" | grep -qxF "$mark"; } 2>/dev/null; then
            echo "${process#/proc/}"
        fi
    done
}

none_marked() {
    [ -z "$(marked)" ]
}

no_jobs() {
    [ -z "$(squeue --noheader)" ]
}

stop() {
    [ -f "$folder/slurm.conf" ] || fail "there is no cluster in $folder"
    export SLURM_CONF=$folder/slurm.conf
    # First the tasks, as long as somebody is there who knows them.
    if timeout 5 scontrol ping >/dev/null 2>&1; then
        timeout 5 squeue --noheader --format %A | sort -u | xargs -r timeout 5 scancel || true
        within 15 no_jobs || echo "cluster.sh: some jobs did not end when told to" >&2
    fi
    local signal
    for signal in TERM KILL; do
        marked | xargs -r kill -s "$signal" 2>/dev/null || true
        within 5 none_marked && break
    done
    none_marked || fail "still running: $(marked | xargs)"
    rm -rf "$folder"
    echo "ended, nothing is left running"
}

case ${1:-} in
start | stop | logs) "$1" ;;
*) fail "start, stop or logs?" ;;
esac
