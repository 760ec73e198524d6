#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# test.sh TLS SIMULATOR CONFIG: checks that the message arrives over TLS, and only at a platform with the right certificate.
set -eu

tls=$1 simulator=$2 config=$3
. "$(dirname "$0")/../simulator.sh"
device="--device urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f=$secret"

# start_tls [simulator's arguments]: $folder/ca is the certificate, $tls_port the port with TLS, $port the one without.
start_tls() {
    start --tls-listen 127.0.0.1:0 --tls-port-file "$folder/tls-port" --tls-certificate "$folder/ca" "$@"
    tls_port=$(cat "$folder/tls-port")
}

# expect NAME STATUS TEXT ABSENT PORT [arguments of `tls`]: it exits with STATUS, and prints TEXT and not ABSENT; the platform was called by
# its name, and has accepted the message if and only if STATUS is 0.
expect() {
    name=$1 status=$2 text=$3 absent=$4 to=$5
    shift 5
    before=$(grep -c . "$folder/json" || :)
    ended=0
    "$tls" "$config" 127.0.0.1 "$to" "$@" >"$folder/out" 2>&1 || ended=$?
    tail -n "+$((before + 1))" "$folder/json" >"$folder/new"
    taken=$(grep '"server_name":"prod.dm.kpnthings.com"' "$folder/new" | grep -c '"accepted":true' || :)
    if [ "$ended" != "$status" ] || ! grep -q "$text" "$folder/out" || grep -q "$absent" "$folder/out" ||
        [ "$taken" != $((status == 0)) ]; then
        echo "$name: ended with $ended instead of $status, or lacks \`$text\`, or has \`$absent\`, or was taken wrongly:"
        cat "$folder/out" "$folder/log" "$folder/new"
        failed=1
    else
        echo "$name: good"
    fi
}

# nothing_left NAME: no byte of the message has reached the platform.
nothing_left() {
    if grep -q 'DVNUUID' "$folder/new"; then
        echo "$1: the platform has seen the message"
        failed=1
    fi
}

cat >"$folder/tls12.cnf" <<'CNF'
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = tls12
[tls12]
MaxProtocol = TLSv1.2
CNF

# shellcheck disable=SC2086
{
start_tls $device
expect 'a certificate that is trusted' 0 'status 202' resumed "$tls_port" "$folder/ca"
expect 'the newest version' 0 '^TLSv1.3, new' resumed "$tls_port" "$folder/ca" "$folder/session13"
expect 'resumed' 0 '^TLSv1.3, resumed' new "$tls_port" "$folder/ca" "$folder/session13"
echo damaged >"$folder/session13"
expect 'a damaged session' 0 '^TLSv1.3, new' resumed "$tls_port" "$folder/ca" "$folder/session13"
export OPENSSL_CONF="$folder/tls12.cnf"
expect 'version 1.2' 0 '^TLSv1.2, new' resumed "$tls_port" "$folder/ca" "$folder/session12"
expect 'version 1.2 resumed' 0 '^TLSv1.2, resumed' new "$tls_port" "$folder/ca" "$folder/session12"
unset OPENSSL_CONF
case $(ls -l "$folder/session12") in -rw-------*) ;; *) echo 'others can read the session'; failed=1 ;; esac

expect 'a certificate that the system does not know' 2 'certificate of prod.dm.kpnthings.com: unable to get local issuer' 'status' "$tls_port"
nothing_left 'a certificate that the system does not know'
expect 'no TLS at all' 1 '^exchange: ' 'status' "$port" "$folder/ca"
nothing_left 'no TLS at all'
mv "$folder/ca" "$folder/former-ca"
stop

start_tls $device
expect 'the certificate of another platform' 2 'certificate of prod.dm.kpnthings.com: unable to get local issuer' 'status' "$tls_port" "$folder/former-ca"
nothing_left 'the certificate of another platform'
expect 'a session of another platform' 0 '^TLSv1.3, new' resumed "$tls_port" "$folder/ca" "$folder/session13"
stop
expect 'nobody there' 1 '^exchange: ' 'status' "$tls_port" "$folder/ca"

start_tls $device --tls-name prod.dm.kpnthings.example --tls-name localhost
expect 'a trusted certificate for other hosts' 2 'certificate of prod.dm.kpnthings.com: hostname mismatch' 'status' "$tls_port" "$folder/ca"
nothing_left 'a trusted certificate for other hosts'
stop

start_tls --device "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f=another$secret"
expect 'another secret' 2 'status 401' resumed "$tls_port" "$folder/ca"
stop
start_tls $device --fault status=503 --fault drop,every=2
expect 'a platform that is busy' 1 'status 503' resumed "$tls_port" "$folder/ca"
expect 'a connection that is dropped' 1 '^exchange: ' 'status' "$tls_port" "$folder/ca"
stop

# Each fault of TLS ends one exchange, before the platform has read anything of the message, and the next one works.
while IFS='|' read -r fault status text absent; do
    start_tls $device --read-timeout 2 --fault "$fault,times=1"
    expect "$fault" "$status" "$text" "$absent" "$tls_port" "$folder/ca"
    [ "$status" = 0 ] || nothing_left "$fault"
    expect "after $fault" 0 'status 202' 'exchange' "$tls_port" "$folder/ca"
    stop
done <<'FAULTS'
tls-silent|1|^exchange: |status
tls-cut=0|1|^exchange: |status
tls-cut=200|1|^exchange: |status
tls-alert=40|1|handshake failure|status
tls-old-version|1|unsupported protocol|status
tls-expired|2|certificate of prod.dm.kpnthings.com: certificate has expired|status
tls-other-name|2|certificate of prod.dm.kpnthings.com: hostname mismatch|status
tls-self-signed|2|certificate of prod.dm.kpnthings.com: self|status
tls-unknown-ca|2|certificate of prod.dm.kpnthings.com: unable to get local issuer|status
tls-reset|1|^exchange: |status
tls-no-close-notify|0|status 202|exchange
FAULTS
}
exit $failed
