#!/bin/sh
# Kills runs at random moments by SIGKILL, SIGTERM and SIGINT in turn, resumes each, and compares the end of every
# run with one that nothing happened to: parameters, averages, moments, samples, and metrics without the seconds.
# usage: tests/kill_often.sh UNITGRAPH [KILLS]        (100 kills take some minutes)
set -eu
unitgraph=$(realpath "$1")
kills=${2:-100}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > text.yaml <<'EOF'
unitgraph: 1
data:
  batch: 4
  x: {synthetic: {scene: shapes, domain: filled, count: 50}, size: 16, flip: true}
modules:
  net: {body: ['conv2d(8, 3, padding=1)', batch_norm(), relu(), dropout(0.2), 'conv2d(3, 3, padding=1)']}
  critic: {body: ['conv2d(8, 4, stride=2, spectral_norm=true)', leaky_relu(0.2), 'conv2d(1, 4)']}
networks: {N: net(), D: critic()}
graph: {y: N(x + normal_like(x)), kept: 'history(y, 10)'}
losses:
  G: {same: 'l1_loss(y, x)', gan: 'mse_loss(D(y), 1)'}
  D: mse_loss(D(x), 1) + mse_loss(D(kept), 0)
train:
  steps: 3000
  update: [D, G]
  optimizers:
    G: {minimize: G, parameters: [N], ema: 0.99, adam: {lr: 1e-3 * (1 - step / steps)}}
    D: {minimize: D, parameters: [D], every: 2, adam: {lr: 1e-3}}
log: {every: 5}
samples: {every: 100, count: 2, columns: [x, y]}
validate: {every: 200, metrics: {l1: 'l1_loss(y, x)'}}
checkpoint: {every: 20, keep: 2, best: l1}
EOF

run() { # FOLDER [option ...]
    out=$1
    shift
    exec "$unitgraph" run text.yaml --out "$out" --quiet --threads 1 "$@"
}

check_same() { # of two runs, what must not differ
    for file in params ema optimizer; do
        cmp "whole/latest/$file.safetensors" "killed/latest/$file.safetensors"
        cmp "whole/best/$file.safetensors" "killed/best/$file.safetensors"
    done
    diff -r whole/samples killed/samples
    for name in whole killed; do
        sed 's/"seconds": [0-9.]*, //' $name/metrics.jsonl > $name.lines
    done
    cmp whole.lines killed.lines
    [ -z "$(find killed -name '.*')" ] || { find killed -name '.*'; exit 1; }
}

(run whole)
done=0 runs=0 signal=KILL
while [ $done -lt "$kills" ]; do
    (run killed --resume) &
    process=$!
    sleep "$(awk -v n="$(od -An -N4 -tu4 /dev/urandom)" 'BEGIN { printf "%.3f", 0.02 + 0.6 * n / 4294967296 }')"
    if kill -$signal $process 2>/dev/null; then
        done=$((done + 1))
        case $signal in KILL) signal=TERM ;; TERM) signal=INT ;; *) signal=KILL ;; esac
    fi
    wait $process || true
    if [ -d killed/checkpoints/step-00003000 ]; then
        (run killed --resume)
        check_same
        rm -rf killed
        runs=$((runs + 1))
    fi
done
(run killed --resume)
check_same
echo "$done kills in $((runs + 1)) runs: every end is that of the unbroken run, bit for bit"
