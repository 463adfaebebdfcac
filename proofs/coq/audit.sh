#!/bin/sh
# Compares what the headline theorems rest on with what is pinned, and looks for unfinished proofs.
# To pin anew, after reading every line: sh audit.sh --pin
set -eu
cd "$(dirname "$0")"

# Numbers.v has the interfaces of functors, whose parameters are no assumptions.
if grep -nE '(^|[[:space:].])(Admitted|admit|Axioms?|Parameters?|Conjecture|Unset (Guard|Positivity|Universe) Checking)([[:space:].]|$)' \
    ./*.v | grep -v '^./Numbers.v:'; then
    echo "audit: the lines above assume something" >&2
    exit 1
fi
found=$(mktemp)
trap 'rm -f "$found"' EXIT
coqc -q -Q . ExactCNN Audit.v > "$found"
if [ "${1:-}" = "--pin" ]; then
    cp "$found" Audit.expected
fi
diff -u Audit.expected "$found"
cat "$found"
echo "audit: as pinned"
