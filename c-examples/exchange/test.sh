#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# test.sh EXCHANGE SIMULATOR CONFIG: checks what `exchange` prints and how it ends, whatever the platform and the
# network do.
set -eu

exchange=$1 simulator=$2 config=$3
. "$(dirname "$0")/../simulator.sh"

# expect NAME STATUS TEXT ABSENT [simulator's arguments]: it exits with STATUS, and prints TEXT and not ABSENT.
expect() {
    name=$1 status=$2 text=$3 absent=$4
    shift 4
    start "$@"
    ended=0
    "$exchange" "$config" 127.0.0.1 "$port" >"$folder/out" 2>&1 || ended=$?
    stop
    if [ "$ended" != "$status" ] || ! grep -q "$text" "$folder/out" || grep -q "$absent" "$folder/out"; then
        echo "$name: ended with $ended instead of $status, or lacks \`$text\`, or has \`$absent\`:"
        cat "$folder/out" "$folder/log"
        failed=1
    else
        echo "$name: good"
    fi
}

device="--device $urn:=$secret"
valve='the valve is now'

# shellcheck disable=SC2086
{
expect 'accepted, no downlink' 0 'status 202' "$valve" $device
expect 'a downlink is acted on' 0 "$valve open" "$valve shut" $device \
    --downlink "$urn=[{\"bn\":\"$urn:\",\"n\":\"valve\",\"vb\":true}]"
expect 'a downlink with other records' 0 "$valve shut" "$valve open" $device \
    --downlink "$urn=[{\"bn\":\"$urn:\"},{\"n\":\"x\",\"v\":1.5},{\"n\":\"valve\",\"vb\":false}]"
expect 'a downlink for another device' 0 'downlink: urn:dev:IMEI:2:valve' "$valve" $device \
    --downlink "$urn=[{\"bn\":\"urn:dev:IMEI:2:\",\"n\":\"valve\",\"vb\":true}]"
expect 'a broken downlink does nothing' 0 'downlink: record 1' "$valve" $device \
    --downlink "$urn=[{\"bn\":\"$urn:\",\"n\":\"valve\",\"vb\":true},{\"n\":\"x\"}]"
expect 'another secret' 2 'status 401' "$valve" --device "$urn:=another${secret}"
expect 'an unknown device' 2 'status 404' "$valve" --device "urn:dev:IMEI:2:=$secret"
expect 'a platform that is busy' 1 'status 503' "$valve" $device --fault status=503
expect 'an answer that is no HTTP' 1 '^exchange: ' "$valve" $device --fault garbage
expect 'a connection that is dropped' 1 '^exchange: ' "$valve" $device --fault drop
expect 'an answer that is cut off' 1 '^exchange: ' "$valve" $device --fault cut=30
}
exit $failed
