// SPDX-License-Identifier: MIT OR Apache-2.0
/*
  Sends a measurement to KPN Things every minute and acts on downlinks.

  SODAQ SARA AFF (R410M) with a KPN SIM card and an antenna; boards "SODAQ SAMD Boards" 1.8.6 or later, libraries Sodaq_R4X and Sodaq_wdt.
  The device's URN and secret go into arduino_secrets.h.
  The message goes to 10.151.236.157 in KPN's private network, without DNS and without TLS: the network itself is the secure channel.
*/
#include <Sodaq_R4X.h>
#include <Sodaq_wdt.h>
#include <KpnThings.h>

#include "SodaqR4xClient.h"
#include "arduino_secrets.h"

const char APN[] = "kpnthings.iot"; // a KPN Things+ SIM card uses kpnthings2.m2m
const unsigned long INTERVAL_MS = 60000;

Sodaq_R4X modem;
Sodaq_SARA_R4XX_OnOff power;
SodaqR4xClient client(modem);
KpnThingsBuffer<1024> things(client);
uint32_t failures = 0;

// Called for each record of a downlink, after the whole downlink has been found valid.
void onDownlink(const kpn_record &record) {
  if (kpn_record_is_for(&record, SECRET_URN) && kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
    digitalWrite(LED_BUILTIN, record.bool_value ? HIGH : LOW);
    SerialUSB.println(record.bool_value ? "valve open" : "valve shut");
  }
}

bool isOnline() {
  if (modem.isConnected()) {
    return true;
  }
  things.close();
  return modem.connect(APN, SODAQ_R4X_LTEM_URAT, STANDARD_EUROPE);
}

void setup() {
  sodaq_wdt_safe_delay(5000); // time to upload another sketch before this one sleeps
  SerialUSB.begin(115200);
  pinMode(LED_BUILTIN, OUTPUT);
  randomSeed(analogRead(A0)); // devices that failed together must not return together
  modem.init(&power, Serial1, 115200);
  things.begin(SECRET_URN, SECRET_KEY);
  things.onDownlink(onDownlink);
}

void loop() {
  if (!isOnline()) {
    SerialUSB.println("no network");
    sodaq_wdt_safe_delay(10000);
    return;
  }

  things.startMessage();
  things.addDecimal(KPN_TEMPERATURE, 205, -1); // 20.5 Cel: read your sensor here
  things.addInteger("uptime", "s", millis() / 1000);
  bool accepted = things.send();
  things.report(SerialUSB);

  if (accepted) {
    failures = 0;
    sodaq_wdt_safe_delay(INTERVAL_MS);
  } else {
    failures++; // the first wait is up to INTERVAL_MS, the longest up to an hour
    sodaq_wdt_safe_delay(kpn_retry_delay_ms(failures, random(0x7FFFFFFF), INTERVAL_MS, 3600000, things.retryAfter()));
  }
}
