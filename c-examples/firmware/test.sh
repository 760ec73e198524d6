#!/bin/sh
# test.sh FIRMWARE SIMULATOR CONFIG: the image arrives byte for byte, whatever network, server and power do; or it is refused.
set -eu

firmware=$1 simulator=$2 config=$3
. "$(dirname "$0")/../simulator.sh"

head -c 20000 /dev/urandom >"$folder/sent"

# expect NAME STATUS TEXT BYTES [simulator's arguments]: ends with STATUS, prints TEXT, and the image is whole when STATUS is 0. With BYTES
# the power is lost after so many bytes, again and again.
expect() {
    name=$1 status=$2 text=$3 bytes=$4
    shift 4
    rm -f "$folder/state" "$folder/got"
    start --device "$urn:=$secret" "$@"
    : >"$folder/out"
    runs=0 ended=3
    # A device runs again after a power loss, and later when it could not go on.
    while { [ $ended = 3 ] || [ $ended$status = 10 ]; } && [ $runs -lt 100 ]; do
        runs=$((runs + 1)) ended=0
        # shellcheck disable=SC2086
        "$firmware" "$config" "$folder/state" "$folder/got" 127.0.0.1 "$port" $bytes >>"$folder/out" 2>&1 || ended=$?
        [ ! -e "$folder/damage" ] || { rm "$folder/damage"; printf X | dd of="$folder/state" bs=1 seek=12 conv=notrunc 2>/dev/null; }
    done
    stop
    if [ "$ended" != "$status" ] || ! grep -q "$text" "$folder/out" || { [ "$status" = 0 ] && ! cmp "$folder/sent" "$folder/got"; } ||
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
# Numbers without a common divisor: every request meets another mixture of faults. Garbage stays apart from cuts, which would make
# HTTP of it.
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
expect 'no firmware' 2 'no firmware: nothing follows' ''
}
exit $failed
