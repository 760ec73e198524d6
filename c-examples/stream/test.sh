#!/bin/sh
# test.sh STREAM SIMULATOR: ten thousand measurements arrive in one message, each with its number.
set -eu

stream=$1 simulator=$2
urn=urn:dev:IMEI:123456789012345
secret=0123456789abcdefghijklmnopqrstuvwxyzABCD
folder=$(mktemp -d)
pid=

stop() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || :
    [ -z "$pid" ] || wait "$pid" 2>/dev/null || :
    pid=
}
trap 'stop; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP

fail() {
    echo "$1:"
    cat "$folder/out"
    head -c 2000 "$folder/log"
    exit 1
}

"$simulator" --listen 127.0.0.1:0 --port-file "$folder/port" --max-seconds 60 --quiet --json-log "$folder/json" \
    --device "$urn:=$secret" >"$folder/log" 2>&1 &
pid=$!
tries=0
until [ -s "$folder/port" ]; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || { cat "$folder/log"; exit 1; }
    sleep 0.1
done
for count in 1 10000; do
    "$stream" 127.0.0.1 "$(cat "$folder/port")" $count >"$folder/out" 2>&1 || fail "$count measurements: ended with $?"
    tail -n 1 "$folder/json" | grep '"accepted":true' | grep -o '"v":[0-9.e]*' | sed 's/.*://; s/\.0$//' >"$folder/values"
    seq $count | cmp -s - "$folder/values" || fail "$count measurements: others arrived"
    echo "$count measurements: good, $(head -n 1 "$folder/out")"
done
