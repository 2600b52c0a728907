#!/bin/sh
# Trains every architecture, evaluates it, and writes the tables and plots beside this script.
# Cut at any moment, the same command goes on: finished epochs and evaluated factors are kept in RUNS.
#
#   experiments/architectures/run.sh DATA RUNS [ARCHITECTURE...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
data=$1
runs=$2
shift 2
[ $# -gt 0 ] || set -- unet resunet fpn pspnet senet

sshn() {
  (cd "$root" && node --conditions=@sshn/source --import tsx packages/cli/src/main.ts "$@" --threads 1)
}

for name in "$@"; do
  sshn train "$data" --config "$here/config.json" --architecture "$name" --out "$runs/$name"
  sshn pareto "$runs/$name" --by 0.05 --images 2
done

first=$1
shift
others=''
for name in "$@"; do others="$others $runs/$name"; done
# Split on purpose: one word per run.
# shellcheck disable=SC2086
[ -z "$others" ] || sshn pareto "$runs/$first" --by 0.05 --images 2 --compare $others
cp "$runs/$first/pareto/dice-vs-factor.svg" "$runs/$first/pareto/dice-vs-gflops.svg" "$here/"
cat "$runs/$first/pareto/pareto.csv" >"$here/results.csv"
for name in "$@"; do tail -n +2 "$runs/$name/pareto/pareto.csv" >>"$here/results.csv"; done
