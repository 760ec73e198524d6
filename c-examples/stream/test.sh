#!/bin/sh
# test.sh STREAM SIMULATOR: ten thousand measurements arrive in one message, each with its number.
set -eu

stream=$1 simulator=$2
. "$(dirname "$0")/../simulator.sh"

fail() {
    echo "$1:"
    cat "$folder/out"
    head -c 2000 "$folder/log"
    exit 1
}

start --quiet --device "$urn:=$secret"
for count in 1 10000; do
    seq $count >"$folder/expected"
    "$stream" 127.0.0.1 "$port" $count >"$folder/out" 2>&1 || fail "$count measurements: ended with $?"
    accepted | tail -n $count | cmp -s "$folder/expected" - || fail "$count measurements: others arrived"
    echo "$count measurements: good, $(head -n 1 "$folder/out")"
done
