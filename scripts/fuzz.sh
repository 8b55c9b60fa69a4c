#!/usr/bin/env bash
# Runs every fuzz target, or those named behind the time, for so many seconds each: `fuzz.sh 60 json jq`.
# What is found stays in fuzz/artifacts; what is new to a target in fuzz/corpus, for the next run.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift
mapfile -t all < <(basename -s .rs fuzz/targets/*.rs)
targets=("${@:-${all[@]}}")

# No sanitizer: there is no unsafe code of ours for it to look at, and the stable compiler has none.
fuzz=(--sanitizer none --codegen-units 16 --target-dir fuzz/target)
export CARGO_INCREMENTAL=0

corpus=fuzz/corpus
for target in "${all[@]}"; do mkdir -p "$corpus/$target"; done
# The configs of the tests and of the demo, each as one text.
for folder in config tests/config/*/*/; do
    (cd "$folder" && find . -type f \( -name '*.toml' -o -name '*.jq' -o -name '*.json' \) -printf '%P\n' |
        sort | while read -r file; do printf '=== %s\n%s\n' "$file" "$(cat "$file")"; done) \
        > "$corpus/config/$(basename "$folder")"
done
# The programs that are compared with jq's.
awk -v out="$corpus/jq/program-" '/^= /{x = substr($0, 3); next} /^[^#]/{file = out NR; print x "\n" $0 > file; close(file)}' \
    tests/jq/common.txt
# The keys and words of the config, and the names of jq.
{ grep -oE '^[a-z_]{2,}' src/config/defaults.toml; grep -ohE '`[^` ]{2,20}`' docs/config.md docs/jq.md | tr -d '`'; } |
    LC_ALL=C grep -xE '[]!#-[^-~]+' | sort -u | sed 's/.*/"&"/' > "$corpus/words"

cargo fuzz build "${fuzz[@]}"
failed=()
for target in "${targets[@]}"; do
    echo "== $target"
    seeds=$(find fuzz/seeds -name "$target")
    # Small inputs: five seconds or 4 GiB are a finding, too.
    cargo fuzz run "${fuzz[@]}" "$target" "$corpus/$target" ${seeds:+"$seeds"} -- \
        -max_total_time="$seconds" -timeout=5 -rss_limit_mb=4096 -max_len=4096 \
        -dict="$corpus/words" -print_final_stats=1 -verbosity=0 || failed+=("$target")
done
[ ${#failed[@]} = 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
