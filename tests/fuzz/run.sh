#!/bin/sh
# Lets libFuzzer run on the targets, one after the other, and says what each did.
# usage: tests/fuzz/run.sh SECONDS [TARGET ...]      (needs Debian's clang, libclang-rt-14-dev, libomp-dev)
#
# Inputs that led to new places are kept in build-fuzz/corpus/TARGET and are gone on from the next time; one
# that failed is left in build-fuzz/found, and build-fuzz/tests/fuzz/fuzz_TARGET FILE does it again.
# Bounds: 2 GiB in all, 1 GiB in one piece, 20 seconds an input.
set -eu
cd "$(dirname "$0")/../.."
seconds=$1
shift
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls fuzz_*.c | sed 's/fuzz_\(.*\)\.c/\1/')

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz >build-fuzz/build.log || {
    tail -20 build-fuzz/build.log
    exit 1
}
mkdir -p build-fuzz/found
failed=0
for target; do
    corpus=build-fuzz/corpus/$target
    mkdir -p "$corpus"
    build-fuzz/tests/fuzz/fuzz_$target --seeds "$corpus"
    build-fuzz/tests/fuzz/libfuzzer_$target -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 \
        -malloc_limit_mb=1024 -max_len=16384 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix=build-fuzz/found/$target- "$corpus" >build-fuzz/$target.log 2>&1 || failed=1
    echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' build-fuzz/$target.log) inputs," \
        "$(grep -o 'cov: [0-9]*' build-fuzz/$target.log | tail -1 | cut -c6-) places reached," \
        "$(ls build-fuzz/found | grep -c "^$target-") failures"
done
exit $failed
