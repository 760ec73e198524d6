// SPDX-License-Identifier: MIT OR Apache-2.0
/*
  Takes downlinks by SMS from KPN Things between two messages.

  Arduino MKR NB 1500 with an M2M SIM card of KPN and an antenna; library MKRNB. The device's URN and secret go into arduino_secrets.h.
  An SMS reaches the device as long as it is on the network; until then the platform tries again, for two days. A downlink must be on one line, since
  MKRNB takes a line that looks like the beginning of another SMS for one. So whoever can send this device an SMS can also feign the sender: let the
  valve do nothing worse than an SMS may do.
*/
#include <MKRNB.h>
#include <KpnThings.h>

#include "arduino_secrets.h"

const char APN[] = "kpnthings.iot"; // a KPN Things+ SIM card uses kpnthings2.m2m
const unsigned long INTERVAL_MS = 60000;
const unsigned long NETWORK_MS = 180000;

NB nb;
GPRS gprs;
NB_SMS sms;
NBClient client;
KpnThingsBuffer<1024> things(client);
uint32_t failures = 0;

// Called for each record of a downlink, however it came, after the whole downlink has been found valid.
void act(const kpn_record &record) {
  if (kpn_record_is_for(&record, SECRET_URN) && kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
    digitalWrite(LED_BUILTIN, record.bool_value ? HIGH : LOW);
    Serial.println(record.bool_value ? "valve open" : "valve shut");
  }
}

bool isOnline() {
  if (nb.isAccessAlive()) {
    return true;
  }
  things.close();
  if (nb.begin(SECRET_PIN, APN) != NB_READY || gprs.attachGPRS() != GPRS_READY) {
    return false;
  }
  sms.clear(NB_SMS_CLEAR_READ); // left by a reset, and never listed again: some day the SIM card would be full
  return true;
}

// Each SMS is deleted after it was handled. MKRNB lists each only once, so one that was listed and not handled before a reset is lost.
void takeSms() {
  while (sms.available()) {
    char sender[21];
    char text[161];
    size_t len = 0;
    sms.remoteNumber(sender, sizeof sender);
    for (int letter = sms.read(); letter > 0; letter = sms.read()) {
      if (len < sizeof text - 1) {
        text[len++] = (char)letter;
      }
    }
    text[len] = '\0';

    if (!kpn_sms_is_from_platform(sender)) { // anybody can send one
      Serial.println("SMS of somebody else");
    } else {
      kpn_downlink downlink;
      kpn_record record;
      kpn_status status = kpn_downlink_begin_bytes(&downlink, (uint8_t *)text, len);
      if (status != KPN_OK) { // no part of it was handed out
        Serial.println(kpn_status_text(status));
      }
      while (status == KPN_OK && kpn_downlink_next(&downlink, &record) == KPN_OK) {
        act(record);
      }
    }
    sms.flush();
  }
}

void setup() {
  Serial.begin(115200);
  pinMode(LED_BUILTIN, OUTPUT);
  randomSeed(analogRead(A0)); // devices that failed together must not return together
  nb.setTimeout(NETWORK_MS);  // otherwise begin waits for a network for ever
  things.begin(SECRET_URN, SECRET_KEY);
  things.onDownlink(act);
}

void loop() {
  if (!isOnline()) {
    Serial.println("no network");
    delay(10000);
    return;
  }
  takeSms();

  things.startMessage();
  things.addDecimal(KPN_TEMPERATURE, 205, -1); // 20.5 Cel: read your sensor here
  bool accepted = things.send();
  things.report(Serial);

  failures = accepted ? 0 : failures + 1; // the first wait is up to INTERVAL_MS, the longest up to an hour
  delay(accepted ? INTERVAL_MS : kpn_retry_delay_ms(failures, random(0x7FFFFFFF), INTERVAL_MS, 3600000, things.retryAfter()));
}
