#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# test.sh FIRMWARE SIMULATOR: checks what the board prints and does, whatever the platform and the line do. QEMU connects the board's UART
# to the simulator.
set -eu

firmware=$1 simulator=$2
. "$(dirname "$0")/../simulator.sh"
device="--device $urn:=$secret"
valve='valve '

# expect NAME TEXT ABSENT [simulator's arguments]: the console shows TEXT and not ABSENT.
expect() {
    name=$1 text=$2 absent=$3
    shift 3
    start --quiet "$@"
    : >"$folder/out"
    timeout 60 qemu-system-arm -M mps2-an385 -display none -monitor none -serial "tcp:127.0.0.1:$port" -serial "file:$folder/out" \
        -kernel "$firmware" >"$folder/qemu" 2>&1 &
    board=$!
    tries=0
    until grep -q '^end' "$folder/out" || [ $tries -ge 500 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    kill "$board" 2>/dev/null || :
    wait "$board" 2>/dev/null || :
    stop
    if ! grep -q '^end' "$folder/out" || ! grep -q "$text" "$folder/out" || grep -q "$absent" "$folder/out"; then
        wrong "no end, or lacks \`$text\`, or has \`$absent\`"
    else
        echo "$name: good"
    fi
}

# shellcheck disable=SC2086
{
expect 'accepted, no downlink' 'has taken the message' "$valve" $device
expect 'a downlink is acted on' "${valve}open" "${valve}shut" $device --downlink "$urn=[{\"bn\":\"$urn:\",\"n\":\"valve\",\"vb\":true}]"
expect 'another downlink' "${valve}shut" "${valve}open" $device --downlink "$urn=[{\"bn\":\"$urn:\",\"n\":\"valve\",\"vb\":false}]"
expect 'a broken downlink does nothing' 'has taken the message' "$valve" $device \
    --downlink "$urn=[{\"bn\":\"$urn:\",\"n\":\"valve\",\"vb\":true},{\"n\":\"x\"}]"
expect 'another secret' '^Check the secret' 'has taken the message' --device "$urn:=another${secret}"
expect 'an answer that is no HTTP' 'is not HTTP' 'has taken the message' $device --fault garbage
expect 'an answer that is cut off' 'the time limit is over' 'has taken the message' $device --fault cut=30
expect 'an answer that comes byte by byte' 'the time limit is over' 'has taken the message' $device --fault trickle=400
expect 'a downlink for another device' 'has taken the message' "$valve" $device \
    --downlink "$urn=[{\"bn\":\"urn:dev:IMEI:490154203237519:\",\"n\":\"valve\",\"vb\":true}]"
}
exit $failed
