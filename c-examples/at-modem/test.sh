#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# test.sh EXAMPLE SIMULATOR MODEM: checks what `at-modem` prints and how it ends, through the emulated modem, whatever the modem and the
# platform do.
set -eu

example=$1 simulator=$2 modem=$3
# shellcheck source=../simulator.sh
. "$(dirname "$0")/../simulator.sh"
modem_pid=

stop_both() {
    [ -z "$modem_pid" ] || kill "$modem_pid" 2>/dev/null || :
    [ -z "$modem_pid" ] || wait "$modem_pid" 2>/dev/null || :
    modem_pid=
    stop
}
trap 'stop_both; rm -rf "$folder"' EXIT

# start_both LINE SIMULATOR-ARGUMENTS MODEM-ARGUMENTS: sets $device to the serial line, a pty or a tcp port.
start_both() {
    rm -f "$folder/tty" "$folder/serial" "$folder/sms-port" "$folder/json"
    case $1 in
    pty) line="--pty $folder/tty" ready=$folder/tty ;;
    tcp) line="--listen 127.0.0.1:0 --port-file $folder/serial" ready=$folder/serial ;;
    esac
    # shellcheck disable=SC2086
    "$modem" --kind "${kind%-hex}" --max-seconds 60 $line --sms-listen 127.0.0.1:0 --sms-port-file "$folder/sms-port" $3 >"$folder/modem" 2>&1 &
    modem_pid=$!
    tries=0
    until [ -e "$ready" ] && [ -e "$folder/sms-port" ]; do
        tries=$((tries + 1))
        [ $tries -lt 200 ] || { echo "the modem did not start:"; cat "$folder/modem"; exit 1; }
        sleep 0.05
    done
    device=$ready
    [ "$1" = pty ] || device=tcp:127.0.0.1:$(cat "$ready")
    # shellcheck disable=SC2086
    start --sms-to "127.0.0.1:$(cat "$folder/sms-port")" $2
}

# How many messages the simulator accepted.
count() { grep '"kind":"message"' "$folder/json" | grep -c '"accepted":true' || :; }

# expect NAME STATUS TEXT ACCEPTED LINE SIMULATOR-ARGUMENTS MODEM-ARGUMENTS EXAMPLE-ARGUMENTS
expect() {
    name="$kind: $1" status=$2 text=$3 taken=$4
    start_both "$5" "$6" "$7"
    ended=0
    # shellcheck disable=SC2086
    timeout 30 "$example" "$kind" "$device" 127.0.0.1 "$port" -t 2000 -a kpnthings.iot $8 >"$folder/out" 2>&1 || ended=$?
    stop_both
    if [ "$ended" != "$status" ] || ! grep -q "$text" "$folder/out" || [ "$(count)" != "$taken" ]; then
        wrong "ended with $ended instead of $status, or lacks \`$text\`, or $(count) instead of $taken were accepted"
    else
        echo "$name: good"
    fi
}

device_known="--device $urn:=$secret"
downlink="--downlink $urn=[{\"bn\":\"$urn:\",\"n\":\"valve\",\"vb\":true}]"

for kind in sara-r4 sara-r4-hex bg96; do
    expect 'accepted' 0 'status 202' 1 pty "$device_known" '' ''
    expect 'a downlink' 0 'the valve is now open' 1 tcp "$device_known $downlink" '' ''
    expect 'a long message' 0 'sent 2[0-9][0-9][0-9] bytes' 1 pty "$device_known" '' -l
    expect 'three on one connection' 0 'status 202' 3 tcp "$device_known" '--no-echo' '-n 3'
    expect 'byte by byte, with URCs in between' 0 'the valve is now open' 1 pty "$device_known $downlink" '--split 1 --chatter 80 --read-max 7' ''
    expect 'slow' 0 'status 202' 1 tcp "$device_known" '--connect-delay 900 --close-delay 900 --delay 20' ''
    expect 'another secret' 2 'status 401' 0 pty "--device $urn:=another$secret" '' ''
    expect 'an unknown device' 2 'status 404' 0 tcp "--device urn:dev:IMEI:2:=$secret" '' ''
    expect 'a platform that is busy' 1 'status 503' 0 tcp "$device_known --fault status=503" '' ''
    expect 'a connection that is dropped' 3 'was closed; the message may' 0 pty "$device_known --fault drop" '' ''
    expect 'an answer that is no HTTP' 3 'not HTTP' 0 tcp "$device_known --fault garbage" '' ''
    expect 'an answer that is cut off' 3 'was closed; the message may' 1 pty "$device_known --fault cut=30" '' ''
    expect 'an answer that is late' 3 'nothing came in time; the message may' 1 tcp "$device_known --fault delay=4000" '' '-t 800'
    expect 'closed when idle' 1 'was closed; the message did not' 1 pty "$device_known --read-timeout 0.4" '' '-n 2 -w 900'
    expect 'no answer to a connection' 1 'nothing came in time; the message did not' 0 tcp "$device_known" '--connect-delay 9000' '-t 500'
    expect 'a modem that is silent' 1 'nothing came in time; the message did not' 0 pty "$device_known" '--to-host cut@40' '-t 300'
done
kind=sara-r4
expect 'no connection' 1 'refuses, error 30' 0 tcp "$device_known" '--refuse USOCO=+CME_ERROR:_30' ''
kind=bg96
expect 'no connection' 1 'refuses, error 566' 0 tcp "$device_known" '--refuse QIOPEN=566' ''

# The other modems, and the whole life of a device: attach, message, downlink, SMS, firmware.
sms="--sms $urn:=[{\"bn\":\"$urn:\",\"n\":\"valve\",\"vb\":true}]"
head -c 3000 /dev/urandom >"$folder/sent"
update="--firmware $urn:=$folder/sent"
for kind in sara-r4 sara-r4-hex sara-r5 lena-r8 bg96 sim7000 sim7080; do
    case $kind in sara-r4 | bg96)
        expect 'a network that takes time' 0 'attached: NL KPN, -73 dBm' 1 pty "$device_known" '--apn kpnthings.iot --attach-delay 1500' ''
        expect 'a PIN' 0 'status 202' 1 tcp "$device_known" '--pin 1234' '-p 1234'
        expect 'a PIN that is missing' 1 'PIN is missing or wrong; the message did not' 0 tcp "$device_known" '--pin 1234' ''
        expect 'a network that refuses' 1 'refuses the SIM or its APN; the message did not' 0 pty "$device_known" '--deny' '-t 400'
        expect 'a network that is lost' 3 'was closed; the message may' 1 tcp "$device_known --fault delay=2500" '--drop-at 1500' '-t 5000'
        ;;
    esac
    expect 'another message' 0 'the valve is now open' 1 tcp "$device_known $downlink" '--chatter 30' ''
    expect 'an SMS' 0 'the valve is now open' 1 tcp "$device_known $sms" '--chatter 30' '-s 8'
    grep -q '"state":"delivered"' "$folder/json" || wrong 'the platform does not know that the SMS was delivered'
    expect 'an SMS for a device that is not on the network yet' 0 'the valve is now open' 1 pty "$device_known $sms --sms-speed 120" '--attach-delay 1200' '-s 8'
    grep -q '"state":"executing"' "$folder/json" || wrong 'the first attempt did not fail'
    rm -f "$folder/got" "$folder/got.state"
    expect 'firmware' 0 '3000 of 3000 bytes' 1 tcp "$device_known $update --fault wrong-crc,every=3" '--chatter 30 --read-max 100' "-u $folder/got"
    cmp "$folder/sent" "$folder/got" || wrong 'the firmware differs'
done

# A line that loses, doubles and changes bytes: whatever the result, it is reported correctly.
for kind in sara-r4 sara-r4-hex bg96 sim7000 sim7080; do
    for seed in 1 2 3; do
        name="$kind: noise $seed"
        start_both tcp "$device_known" "--noise 1500 --seed $seed"
        ended=0
        timeout 60 "$example" "$kind" "$device" 127.0.0.1 "$port" -t 300 -a kpnthings.iot >"$folder/out" 2>&1 || ended=$?
        stop_both
        case $ended/$(count) in
        0/1 | 1/0 | 2/0 | 3/0 | 3/1) echo "$name: good, $ended" ;;
        *) wrong "ended with $ended, $(count) accepted" ;;
        esac
    done
done
exit $failed
