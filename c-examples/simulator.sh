# SPDX-License-Identifier: MIT OR Apache-2.0
# Sourced by the tests of the examples, with $simulator set: starts a platform on a free loopback port, and ends it with the test.
# shellcheck shell=sh disable=SC2034,SC2154

urn=urn:dev:IMEI:490154203237518
secret=0123456789abcdefghijklmnopqrstuvwxyzABCD
folder=$(mktemp -d)
pid=
port=
failed=0

stop() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || :
    [ -z "$pid" ] || wait "$pid" 2>/dev/null || :
    pid=
}
trap 'stop; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM HUP

# start [simulator's arguments]: sets $port; $folder/log has its output, $folder/json a line per message.
start() {
    rm -f "$folder/port" "$folder/json"
    "$simulator" --listen 127.0.0.1:0 --port-file "$folder/port" --max-seconds 60 --json-log "$folder/json" "$@" >"$folder/log" 2>&1 &
    pid=$!
    tries=0
    until [ -s "$folder/port" ]; do
        tries=$((tries + 1))
        if [ $tries -ge 100 ] || ! kill -0 "$pid" 2>/dev/null; then
            echo "the simulator did not start:"
            cat "$folder/log"
            exit 1
        fi
        sleep 0.1
    done
    port=$(cat "$folder/port")
}

# accepted: prints every accepted number, in order.
accepted() {
    grep '"accepted":true' "$folder/json" | grep -o '"v":[0-9.e]*' | sed 's/.*://; s/\.0$//' || :
}

# wrong SENTENCE: the case $name fails; $folder/out has the output of the example.
wrong() {
    echo "$name: $1:"
    cat "$folder/out"
    tail -n 12 "$folder/log"
    failed=1
}
