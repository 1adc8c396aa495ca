#!/bin/sh
# Runs the scripts on the GPU machine, in the order of their worth, within a budget; what is done
# is kept when time ends.  Usage: sh run.sh OUT [SECONDS [STEP...]]
here=$(cd "$(dirname "$0")" && pwd)
out=$1
budget=${2:-470}
[ $# -ge 2 ] && shift 2 || shift
steps=${*:-exhibits naive recordings truth repeatability rms_norm_claim faults kernelbench_eval}
records=${TMPDIR:-/tmp}/h200-judge-records
begin=$(date +%s)
mkdir -p "$out" "$records"
kernelbench=
[ -d "$here/kernelbench" ] && kernelbench="--kernelbench $here/kernelbench"

# So that one slow step cannot take the others' time; a step that runs alone may.
cap() {
    case $1 in
    exhibits) echo 225 ;;
    naive) echo 100 ;;
    recordings) echo 175 ;;
    truth) echo 75 ;;
    repeatability) echo 250 ;;
    faults) echo 120 ;;
    *) echo 150 ;;
    esac
}

for step in $steps; do
    left=$((budget - $(date +%s) + begin - 5))
    if [ "$step" != "$steps" ] && [ "$left" -gt "$(cap "$step")" ]; then
        left=$(cap "$step")
    fi
    if [ "$left" -lt 20 ]; then
        echo "== $step left out: no time" && continue
    fi
    echo "== $step (up to $left s)"
    started=$(date +%s)
    # shellcheck disable=SC2086
    timeout -k 5 $((left + 2)) python3 "$here/$step.py" --judge "$here/judge.pyz" \
        --bundle "$here" --out "$records" --seconds $((left - 5)) $kernelbench \
        >"$records/$step.log" 2>&1
    code=$?
    # Long tables stay in the log.
    tail -n 40 "$records/$step.log" | cut -c 1-220
    echo "== $step ended with exit code $code after $(($(date +%s) - started)) s"
    # One file, renewed after each step.
    tar -czf "$out/h200-judge.tar.gz.partial" -C "$records" . &&
        mv "$out/h200-judge.tar.gz.partial" "$out/h200-judge.tar.gz"
done
