#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# test.sh SMS SIMULATOR: checks that an SMS reaches a device that was off when the platform first tried.
set -eu

sms=$1 simulator=$2
. "$(dirname "$0")/../simulator.sh"

# expect NAME STATUS TEXT STATE OFF ON SMS [simulator's arguments]: `sms` exits with STATUS and prints TEXT; STATE is the final state of the
# SMS.
expect() {
    name=$1 status=$2 text=$3 state=$4 off=$5 on=$6 words=$7
    shift 7
    : >"$folder/out"
    "$sms" 0 "$off" "$on" >"$folder/out" 2>&1 &
    device=$!
    tries=0
    until grep -q '^port ' "$folder/out"; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { wrong 'no port'; exit 1; }
        sleep 0.1
    done
    start --quiet --device "$urn:=$secret" --sms-to "127.0.0.1:$(sed -n 's/^port //p' "$folder/out")" --sms "$urn:=$words" "$@"
    ended=0
    wait $device || ended=$?
    tries=0
    until tail -n 1 "$folder/json" | grep -q "\"state\":\"$state\"" || [ $tries -ge 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    stop
    if [ "$ended" != "$status" ] || ! grep -q "$text" "$folder/out" || ! tail -n 1 "$folder/json" | grep -q "\"state\":\"$state\""; then
        cat "$folder/json"
        wrong "ended with $ended instead of $status, or lacks \`$text\`, or the SMS is not $state"
    else
        echo "$name: good, $(grep -c '"kind":"sms"' "$folder/json") attempts"
    fi
}

valve='[{"n":"valve","vb":true}]'
expect 'a device that is on' 0 'the valve is now open' delivered 0 10000 "$valve"
expect 'a device that sleeps through the first attempts' 0 'the valve is now open' delivered 3000 10000 "$valve" --sms-speed 60
[ "$(grep -c '"state":"executing"' "$folder/json")" -ge 1 ] || wrong 'the first attempt did not fail'
expect 'words' 0 'words: good morning' delivered 0 10000 'good morning'
expect 'a broken pack does nothing' 2 'record 1' delivered 0 10000 '[{"n":"valve","vb":true},{"n":"x"}]'
expect 'a device that is on between two attempts' 1 'no SMS' executing 4000 200 "$valve"
exit $failed
