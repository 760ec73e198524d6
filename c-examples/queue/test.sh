#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# test.sh QUEUE SIMULATOR: checks that every measurement arrives exactly once or is reported, whatever the platform and the network do.
set -eu

queue=$1 simulator=$2
. "$(dirname "$0")/../simulator.sh"
count=300

# run NAME STATUS TEXT [simulator's arguments]: `queue` exits with STATUS and prints TEXT; afterwards $folder/values has the accepted
# numbers.
run() {
    name=$1 status=$2 text=$3
    shift 3
    rm -f "$folder/image"
    start --quiet --device "$urn:=$secret" "$@"
    ended=0
    "$queue" 127.0.0.1 "$port" "$folder/image" $count >"$folder/out" 2>&1 || ended=$?
    stop
    accepted >"$folder/values"
    [ "$ended" = "$status" ] && grep -q "$text" "$folder/out" || wrong "ended with $ended instead of $status, or lacks \`$text\`"
}

# The accepted numbers are 1 to $count, each once and in this order.
exactly_once() {
    seq $count >"$folder/expected"
    if cmp -s "$folder/values" "$folder/expected"; then
        echo "$name: good, $(grep -c . "$folder/json") requests"
    else
        diff "$folder/values" "$folder/expected" | head -5
        wrong 'not exactly once'
    fi
}

all="$count measured, 0 still wait, 0 dropped, 0 refused"

run 'no fault' 0 "$all, 0 perhaps twice"
exactly_once
run 'every second request fails' 0 "$all, 0 perhaps twice" --fault status=503,every=2
exactly_once
run 'two of three requests fail' 0 "$all, 0 perhaps twice" --fault status=429,every=3 --fault status=500,every=2
exactly_once
run 'every second connection is dropped' 0 "$all" --fault drop,every=2
exactly_once
run 'every second answer is garbage' 0 "$all" --fault garbage,every=2
exactly_once

# The answer is lost after the platform has accepted: records may arrive twice, with the same number, and this is reported.
run 'every second answer is cut' 0 "$all, [1-9][0-9]* perhaps twice" --fault cut=5,every=2
sort -n -u "$folder/values" >"$folder/once"
seq $count | cmp -s - "$folder/once" || wrong 'something is lost'
twice=$(sort -n "$folder/values" | uniq -d | grep -c .)
grep -q " $twice perhaps twice" "$folder/out" || wrong "$twice arrived twice"
[ $failed != 0 ] || echo "$name: good, $twice twice, as reported"

# A platform that never answers: the oldest records make room, and are counted.
run 'always busy' 1 'measured, [1-9][0-9]* still wait, [1-9][0-9]* dropped, 0 refused' --fault status=503
sum=$(sed 's/^[0-9]* measured, \([0-9]*\) still wait, \([0-9]*\) dropped.*/\1 + \2/' "$folder/out")
# shellcheck disable=SC2086
[ "$(expr $sum)" = $count ] || wrong "$sum are not all"
[ $failed != 0 ] || echo "$name: good, $sum"

# Every status counts as one of its class: accepted, or refused for good, which does not block the queue.
for code in 200 204 226 299; do
    run "always $code" 0 "$all, 0 perhaps twice" --fault "status=$code"
    [ $failed != 0 ] || echo "$name: good"
done
for code in 302 399 418 499; do
    run "always $code" 0 "measured, 0 still wait, 0 dropped, $count refused, 0 perhaps twice" --fault "status=$code"
    [ $failed != 0 ] || echo "$name: good"
done
run 'always 599' 1 'measured, [1-9][0-9]* still wait, [1-9][0-9]* dropped, 0 refused' --fault status=599
[ $failed != 0 ] || echo "$name: good"

# Storage that takes nothing more, as if the power were lost in a write: the image before it is still whole.
run 'an image' 1 'measured, [1-9][0-9]* still wait' --fault status=503
cp "$folder/image" "$folder/before"
(trap '' XFSZ && ulimit -f 0 && exec "$queue" 127.0.0.1 1 "$folder/image" 100 2>&1) | grep -q 'cannot be written' || wrong 'full storage is not noticed'
cmp -s "$folder/image" "$folder/before" || wrong 'the image is gone'
[ $failed != 0 ] || echo 'full storage: good'

run 'another secret' 0 "measured, 0 still wait, 0 dropped, $count refused" --device "$urn:=another$secret"
[ ! -s "$folder/values" ] || wrong 'accepted nevertheless'
[ $failed != 0 ] || echo "$name: good"
exit $failed
