// SPDX-License-Identifier: MIT OR Apache-2.0
/*
  Sends a measurement to KPN Things every minute and acts on downlinks.

  Arduino MKR GSM 1400 with a KPN SIM card and an antenna; library MKRGSM. The device's URN and secret go into arduino_secrets.h.
  The message goes to 10.151.236.157 in KPN's private network, without DNS and without TLS: the network itself is the secure channel.
*/
#include <MKRGSM.h>
#include <KpnThings.h>

#include "arduino_secrets.h"

const char APN[] = "kpnthings.iot"; // a KPN Things+ SIM card uses kpnthings2.m2m
const unsigned long INTERVAL_MS = 60000;

GSM gsm;
GPRS gprs;
GSMClient client;
KpnThingsBuffer<1024> things(client);
uint32_t failures = 0;

// Called for each record of a downlink, after the whole downlink has been found valid.
void onDownlink(const kpn_record &record) {
  if (kpn_record_is_for(&record, SECRET_URN) && kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
    digitalWrite(LED_BUILTIN, record.bool_value ? HIGH : LOW);
    Serial.println(record.bool_value ? "valve open" : "valve shut");
  }
}

bool isOnline() {
  if (gsm.isAccessAlive()) {
    return true;
  }
  things.close();
  return gsm.begin(SECRET_PIN) == GSM_READY && gprs.attachGPRS(APN, "", "") == GPRS_READY;
}

void setup() {
  Serial.begin(115200);
  pinMode(LED_BUILTIN, OUTPUT);
  randomSeed(analogRead(A0)); // devices that failed together must not return together
  things.begin(SECRET_URN, SECRET_KEY);
  things.onDownlink(onDownlink);
}

void loop() {
  if (!isOnline()) {
    Serial.println("no network");
    delay(10000);
    return;
  }

  things.startMessage();
  things.addDecimal(KPN_TEMPERATURE, 205, -1); // 20.5 Cel: read your sensor here
  things.addInteger("uptime", "s", millis() / 1000);
  bool accepted = things.send();
  things.report(Serial);

  if (accepted) {
    failures = 0;
    delay(INTERVAL_MS);
  } else {
    failures++; // the first wait is up to INTERVAL_MS, the longest up to an hour
    delay(kpn_retry_delay_ms(failures, random(0x7FFFFFFF), INTERVAL_MS, 3600000, things.retryAfter()));
  }
}
