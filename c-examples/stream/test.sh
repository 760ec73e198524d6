#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# test.sh STREAM SIMULATOR: checks that ten thousand measurements arrive in one message, each with its number, or that the program reports a
# failure.
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
stop

# fails NAME ACCEPTED [simulator's arguments]: the program exits with 1, and the platform has accepted this many messages.
fails() {
    name=$1 taken=$2
    shift 2
    start --quiet "$@"
    ended=0
    "$stream" 127.0.0.1 "$port" 1000 >"$folder/out" 2>&1 || ended=$?
    stop
    [ $ended = 1 ] || fail "$name: ended with $ended instead of 1"
    [ "$(grep -c '"accepted":true' "$folder/json")" = "$taken" ] || fail "$name: other messages arrived"
    echo "$name: good, $(tail -n 1 "$folder/out")"
}

# shellcheck disable=SC2086
{
device="--device $urn:=$secret"
fails 'another secret' 0 --device "$urn:=another$secret"
fails 'a platform that is busy' 0 $device --fault status=503
fails 'a connection that is dropped' 0 $device --fault drop
fails 'an answer that is no HTTP' 0 $device --fault garbage
fails 'an answer that is cut off' 1 $device --fault cut=20
}
