#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# test.sh FIRMWARE SIMULATOR CONFIG: checks that the image arrives byte for byte, whatever network, server and power do, or is refused.
set -eu

firmware=$1 simulator=$2 config=$3
. "$(dirname "$0")/../simulator.sh"

# image FILE: writes 20,000 bytes that begin like an MCUboot image.
image() {
    { printf '\075\270\363\226' && head -c 19996 /dev/urandom; } >"$1"
}
image "$folder/sent"
image "$folder/other"
wanted=$folder/sent

# expect NAME STATUS TEXT BYTES [simulator's arguments]: it exits with STATUS, prints TEXT, and the image is complete if STATUS is 0. With
# BYTES the power is lost every time after this many bytes. The image is $wanted.
expect() {
    name=$1 status=$2 text=$3 bytes=$4
    shift 4
    rm -f "$folder/state" "$folder/got"
    start --device "$urn:=$secret" "$@"
    : >"$folder/out"
    runs=0 ended=3
    # A device runs again after a power loss, and later if it could not continue.
    while { [ $ended = 3 ] || [ $ended$status = 10 ]; } && [ $runs -lt 100 ]; do
        runs=$((runs + 1)) ended=0
        # shellcheck disable=SC2086
        "$firmware" "$config" "$folder/state" "$folder/got" 127.0.0.1 "$port" $bytes >>"$folder/out" 2>&1 || ended=$?
        [ ! -e "$folder/damage" ] || { rm "$folder/damage"; printf X | dd of="$folder/state" bs=1 seek=12 conv=notrunc 2>/dev/null; }
    done
    stop
    if [ "$ended" != "$status" ] || ! grep -q "$text" "$folder/out" || { [ "$status" = 0 ] && ! cmp "$wanted" "$folder/got"; } ||
        { [ -n "$bytes" ] && [ "$status" = 0 ] && [ $runs -lt 20 ]; }; then
        echo "$name: ended with $ended instead of $status after $runs runs, or lacks \`$text\`, or the image differs:"
        cat "$folder/out" "$folder/log"
        failed=1
    else
        echo "$name: good, $runs runs"
    fi
}

all='20000 of 20000 bytes'
announced="--firmware $urn=$folder/sent"
# The numbers have no common divisor, so every request meets a different mixture of faults. Garbage is not combined with cuts, which would
# turn it into HTTP.
faults="--fault wrong-crc,every=4 --fault cut=150,every=5,on=part --fault drop,every=7,on=part --fault status=503,every=11,on=part
    --fault garbage,every=23,times=4,on=part --fault cut=20,every=17,on=part --fault delay=20,every=3,on=part"

# shellcheck disable=SC2086
{
expect 'no faults' 0 "$all" '' $announced
expect 'with status 206' 0 "$all" '' $announced --partial-content
expect 'few requests per connection' 0 "$all" '' $announced --requests-per-connection 3
expect 'every fault' 0 "$all" '' $announced $faults
expect 'power lost at every 1000th byte' 0 "$all" 1000 $announced
expect 'power lost, and every fault' 0 "$all" 1000 $announced $faults
: >"$folder/damage"
expect 'a damaged state is refused' 2 'the stored image is damaged' 1000 $announced
expect 'a size that changes' 2 'the size of the firmware changed' '' $announced --fault size-change,every=4
expect 'a server that stays busy' 1 'could not answer' '' $announced --fault status=503,on=part
expect 'a server that does not speak HTTP' 1 'not HTTP' '' $announced --fault garbage,on=part
expect 'a CRC that stays wrong' 1 'does not fit its bytes' '' $announced --fault wrong-crc
for code in 401 403 404; do
    expect "status $code" 2 "refuses for good: retrying will not help, status $code" '' $announced --fault status=$code,every=3,on=part
done

# What other servers do, and what is in between.
expect 'with validators' 0 "$all" '' $announced --partial-content --validators both
for which in etag last-modified; do
    wanted=$folder/other
    expect "other firmware under the URL, known by $which" 0 'from the start: the URL has other firmware now' '' $announced \
        --validators $which --fault replaced="$folder/other",every=5,times=1
    wanted=$folder/sent
done
expect 'status 412' 0 'from the start: the URL has other firmware now' '' $announced --fault status=412,every=5,times=1
expect 'a compressed part' 2 'comes in a content coding' '' $announced --partial-content --fault gzip,every=4,on=part
expect 'a size that is told at times' 0 "$all" '' $announced --fault unknown-size,every=2
expect 'a size that is never told' 2 'other bytes than those asked for' '' $announced --fault unknown-size
expect 'short parts' 0 "$all" '' $announced --fault short=100,every=3
expect 'parts that begin earlier' 0 "$all" '' $announced --fault overlap=100,every=3
expect 'a captive portal for a while' 0 'again in .*: not the size or first bytes of firmware' '' $announced --fault portal,on=part,times=2
expect 'a captive portal that stays' 1 'not the size or first bytes of firmware' '' $announced --fault portal,on=part
expect 'a captive portal in the middle' 0 'again in .*: not the size or first bytes of firmware' '' $announced --fault portal,on=part,every=5
expect 'the same with validators, and power lost' 0 "$all" 1000 $announced --validators both --fault portal,on=part,every=5
expect 'an image that begins differently' 1 'not the size or first bytes of firmware' '' --firmware $urn="$config"
expect 'a redirect' 2 'refuses for good: retrying will not help, status 302' '' $announced --fault redirect,on=part
expect 'a redirect in the middle' 0 'again in .*: the file server refuses for good' '' $announced --fault redirect,every=3,on=part
expect 'answers that come early' 0 "$all" '' $announced --fault early-answer=503,every=5,on=part
expect 'a length that is too small' 2 'other bytes than those asked for' '' $announced --fault wrong-length=-10,every=3,on=part
expect 'responses before the answer' 0 "$all" '' $announced --fault interim=3,every=2
expect 'resets' 0 "$all" '' $announced --fault reset=100,every=3,on=part
expect 'half-closed connections' 0 "$all" '' $announced --fault half-close=300,every=3,on=part
expect 'a slow network' 0 "$all" '' $announced --fault trickle=1,times=2,on=part --fault throttle=20000,every=2,on=part
start --device "$urn:=$secret" $announced
rm -f "$folder/state" "$folder/got"
ended=0 # of storage that takes 8,192 or 16,384 bytes
(trap '' XFSZ && ulimit -f 16 && exec "$firmware" "$config" "$folder/state" "$folder/got" 127.0.0.1 "$port" >"$folder/out" 2>&1) || ended=$?
stop
if [ $ended = 2 ] && grep -q '^flash: ' "$folder/out"; then echo 'full storage: good'; else echo "full storage: ended with $ended"; cat "$folder/out"; failed=1; fi
expect 'no firmware' 2 'no firmware: nothing follows' ''
}
exit $failed
