#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# test.sh GATEWAY SIMULATOR CONFIG: checks that every message arrives, and that no connection carries more than it may.
set -eu

gateway=$1 simulator=$2 config=$3
. "$(dirname "$0")/../simulator.sh"
device="--device $urn:=$secret"
seq 250 | sed 's/.*/number - &\n/' >"$folder/numbers"

# run NAME STATUS TEXT INPUT [simulator's arguments]: `gateway` exits with STATUS and prints TEXT; then $folder/places has the position of
# each request on its connection, and $folder/values the accepted numbers.
run() {
    name=$1 status=$2 text=$3 input=$4
    shift 4
    start --quiet "$@"
    ended=0
    "$gateway" "$config" 127.0.0.1 "$port" <"$input" >"$folder/out" 2>&1 || ended=$?
    stop
    grep -o '"place":[0-9]*' "$folder/json" | sed 's/.*://' >"$folder/places" || :
    accepted >"$folder/values"
    [ "$ended" = "$status" ] && grep -q "$text" "$folder/out" || wrong "ended with $ended instead of $status, or lacks \`$text\`"
}

# same FILE SENTENCE: standard input equals FILE.
same() {
    cat >"$folder/expected"
    if cmp -s "$folder/expected" "$1"; then
        echo "$name: good, $2"
    else
        diff "$folder/expected" "$1" | head -5
        wrong "not: $2"
    fi
}

# places LIMIT: prints the positions of 250 requests if a connection carries LIMIT of them.
places() {
    awk -v limit="$1" 'BEGIN { for (i = 0; i < 250; i++) print i % limit + 1 }'
}

all='^250 accepted, 0 refused, 0 given up, 0 perhaps'

# shellcheck disable=SC2086
{
run 'one connection' 0 "$all" "$folder/numbers" $device
places 100 | same "$folder/places" '100 requests on each'
seq 250 | same "$folder/values" 'each once'
run 'a platform that closes after 3' 0 "$all" "$folder/numbers" $device --requests-per-connection 3
places 3 | same "$folder/places" '3 requests on each'
seq 250 | same "$folder/values" 'each once'

sed 's/"apn"/"keepAliveLimit": 7, "apn"/' "$config" >"$folder/config"
config=$folder/config
run 'a limit of 7 in the configuration' 0 "$all" "$folder/numbers" $device
places 7 | same "$folder/places" '7 requests on each'

run 'every third connection dropped, every seventh request refused' 0 '^250 accepted, 0 refused, 0 given up, [1-9]' \
    "$folder/numbers" $device --fault drop,every=3 --fault status=503,every=7
seq 250 | same "$folder/values" 'each once'

# The platform closes the connection while it is idle: this is noticed before the next message, so that it is not lost.
mkfifo "$folder/slow"
{ printf 'number - 1\n\n'; sleep 1.5; printf 'number - 2\n\n'; } >"$folder/slow" &
run 'a connection that was idle too long' 0 '^2 accepted, 0 refused, 0 given up, 0 perhaps' "$folder/slow" $device --read-timeout 0.5
wait
printf '1\n1\n' | same "$folder/places" 'two connections'

printf 'a Cel 20.5\nb - true\nc - 1.0.0\n\n\nd - 1e3' >"$folder/kinds"
run 'every kind of value' 0 '^2 accepted' "$folder/kinds" $device
grep '"accepted":true' "$folder/json" | grep -oE '"body":"([^"\\]|\\.)*"' | sed 's/.*{\\"n/{\\"n/' >"$folder/last"
same "$folder/last" 'as SenML' <<'BODIES'
{\"n\":\"c\",\"vs\":\"1.0.0\"}]"
{\"n\":\"d\",\"v\":1000}]"
BODIES

printf 'a - 1\n\nb\n\nc - 1 2\n\n0 - nan\n\nd - 2\n' >"$folder/broken"
run 'measurements that are none' 1 '^2 accepted, 3 refused' "$folder/broken" $device
run 'another secret' 1 '^0 accepted, 250 refused' "$folder/numbers" --device "$urn:=another$secret"
head -n 2 "$folder/numbers" >"$folder/one"
run 'a platform that stays busy' 1 '^0 accepted, 0 refused, 1 given up' "$folder/one" $device --fault status=503
}
exit $failed
