// SPDX-License-Identifier: MIT OR Apache-2.0
/*
  Sends a measurement to KPN Things every minute and acts on downlinks.

  Arduino UNO R4 WiFi, nothing else; library WiFiS3, which comes with the board. The device's URN, its secret and the network go into
  arduino_secrets.h. A board without a KPN SIM card cannot reach KPN's private network: no APN, no fixed address. The message goes over
  TLS to prod.dm.kpnthings.com, whose name DNS resolves and whose certificate the radio module checks against its list of authorities.
*/
#include <WiFiS3.h>
#include <KpnThings.h>

#include "arduino_secrets.h"

const unsigned long INTERVAL_MS = 60000;

WiFiSSLClient client;
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
  if (WiFi.status() == WL_CONNECTED) {
    return true;
  }
  things.close();
  return WiFi.begin(SECRET_SSID, SECRET_PASS) == WL_CONNECTED;
}

void setup() {
  Serial.begin(115200);
  pinMode(LED_BUILTIN, OUTPUT);
  randomSeed(analogRead(A0)); // devices that failed together must not return together
  things.begin(SECRET_URN, SECRET_KEY, KPN_ENDPOINT_INTERNET);
  things.setPiece(1024); // each piece is a separate TLS record
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
