#!/bin/sh
# Trains one network with knobs, one with φ alone, and networks for one cost each, and writes the table and the plot beside this script.
# Cut at any moment, the same command goes on: finished epochs and evaluated settings are kept in RUNS.
#
#   experiments/knobs/run.sh DATA RUNS [SEED] [wbc|hippocampus]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
data=$1
runs=$2
seed=${3:-1}
set=${4:-wbc}

# Epochs with knobs and with φ alone, how every step trains the smallest and the whole network too, what `sshn pareto` evaluates, and the
# networks for one cost: features, factor, epochs and resolution of each; small ones take more epochs to converge.
case $set in
  wbc)
    results=$here knobs=235 phi=60 also='' evaluated='--by 0.05'
    fixed='4:0.1:200:1 8:0.1:200:1 12:0.1:150:1 16:0.1:150:1 24:0.25:60:1 32:0.25:60:1 8:0.3125:200:0.5 11:0.3125:150:0.5 16:0.3125:120:0.5'
    ;;
  hippocampus)
    results=$here/hippocampus knobs=125 phi=100 also='--also-smallest --also-largest --distillation 0.5 --knob-endpoints 0' evaluated='--by 0.25 --settings 100'
    fixed='3:0.3:80:1 3:0.3:80:0.5 5:0.3:80:0.5 6:0.3:80:0.5 4:0.3:60:1 6:0.3:40:1 9:0.3:60:1 12:0.3:60:1'
    ;;
  *)
    echo "run.sh: $set is no dataset of this experiment: wbc or hippocampus" >&2
    exit 2
    ;;
esac
mkdir -p "$results"

sshn() {
  (cd "$root" && node --conditions=@sshn/source --import tsx packages/cli/src/main.ts "$@" --threads 1)
}
train() {
  name=$1
  shift
  sshn train "$data" --config "$here/$set.yaml" --seed "$seed" --out "$runs/$name-$seed" "$@"
}

# Split on purpose here and below: one word per option or run.
# shellcheck disable=SC2086
train knobs --width-range 0.25,1 --resolution-range 0.5,1 $also --epochs "$knobs"
train phi --epochs "$phi"
# shellcheck disable=SC2086
sshn pareto "$runs/phi-$seed" $evaluated
others="$runs/phi-$seed"
for one in $fixed; do
  IFS=: read -r features factor epochs resolution <<WORDS
$one
WORDS
  name=fixed-$features
  [ "$resolution" = 1 ] || name=$name-at-$resolution
  train "$name" --method fixed --features "$features" --factor "$factor" --epochs "$epochs" --input-resolution "$resolution"
  sshn pareto "$runs/$name-$seed" --from "$factor" --to "$factor"
  others="$others $runs/$name-$seed"
done
# shellcheck disable=SC2086
sshn pareto "$runs/knobs-$seed" $evaluated --compare $others
for plot in dice-vs-gflops cascade; do cp "$runs/knobs-$seed/pareto/$plot.svg" "$results/"; done
# Tables of all seeds: the rows of this one take the place of those it had before.
other_seeds() {
  if [ -f "$1" ]; then awk -F, -v column="$2" -v seed="$seed" 'NR > 1 && $column != seed' "$1"; fi
}
for file in sureness cascade; do
  {
    echo "seed,$(head -n 1 "$runs/knobs-$seed/pareto/$file.csv")"
    other_seeds "$results/$file.csv" 1
    tail -n +2 "$runs/knobs-$seed/pareto/$file.csv" | sed "s/^/$seed,/"
  } >"$results/$file.csv.new"
  mv "$results/$file.csv.new" "$results/$file.csv"
done
# The network first, width and resolution of all.
{
  echo network,method,architecture,factor,width,resolution,seed,split,dice,gflops,milliseconds
  other_seeds "$results/results.csv" 7
  tail -n +2 "$runs/knobs-$seed/pareto/pareto.csv" | sed 's/^/knobs,/'
  for run in $others; do
    name=$(basename "${run%-*}")
    resolution=1
    case $name in *-at-*) resolution=${name##*-at-} ;; esac
    tail -n +2 "$run/pareto/pareto.csv" | awk -F, -v OFS=, -v name="$name" -v resolution="$resolution" \
      '{ print name, $1, $2, $3, 1, resolution, $4, $5, $6, $7, $8 }'
  done
} >"$results/results.csv.new"
mv "$results/results.csv.new" "$results/results.csv"
