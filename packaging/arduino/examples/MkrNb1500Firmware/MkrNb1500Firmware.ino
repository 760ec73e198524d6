// SPDX-License-Identifier: MIT OR Apache-2.0
/*
  Fetches the firmware that a downlink announces, and starts it.

  Arduino MKR NB 1500 with a KPN SIM card and an antenna; libraries MKRNB and ArduinoOTA (by Juraj Andrassy), whose InternalStorage keeps the image in the
  other half of the flash and copies it when it is whole; it exists for the ESP32 too. The device's URN and secret go into arduino_secrets.h.
  Each part has a checksum, the image as a whole has none: sign it, and verify that before `apply`, if others can reach the file server.
*/
#define NO_OTA_NETWORK // only the storage is wanted, not the upload over WiFi
#include <ArduinoOTA.h>
#include <MKRNB.h>
#include <KpnThings.h>

#include "arduino_secrets.h"

const char APN[] = "kpnthings.iot"; // a KPN Things+ SIM card uses kpnthings2.m2m
const char VERSION[] = "1.0.0";
const unsigned long INTERVAL_MS = 60000;
const unsigned long NETWORK_MS = 180000;
const unsigned long PART_MS = 30000;
const size_t PART = 512;

NB nb;
GPRS gprs;
NBClient client;
KpnThingsBuffer<1024> things(client);
NBClient fileClient;
kpn_firmware firmware;
uint8_t memory[KPN_FIRMWARE_MEMORY];
uint8_t request[KPN_FIRMWARE_MEMORY];
uint8_t part[PART]; // the storage cannot go back, so a part is written once it is complete and verified
uint32_t failures = 0;
uint32_t stored = 0; // bytes of the image in the storage
bool isOpen = false;

bool isOnline() {
  if (nb.isAccessAlive()) {
    return true;
  }
  things.close();
  return nb.begin(SECRET_PIN, APN) == NB_READY && gprs.attachGPRS() == GPRS_READY;
}

// Reads what has arrived of a part.
kpn_status feed(const uint8_t *bytes, size_t len, size_t *partLen, uint32_t start) {
  kpn_status status = KPN_NEED_MORE;
  kpn_firmware_piece piece = {0, NULL, 0, 0};
  for (size_t used = 0; used < len && status == KPN_NEED_MORE; used += piece.used) {
    status = kpn_firmware_feed(&firmware, bytes + used, len - used, &piece);
    if (status >= 0 && piece.len > 0) {
      if (piece.offset < start || piece.offset - start + piece.len > PART) {
        kpn_firmware_abort(&firmware); // more than was asked for
        return KPN_ERR_FIRMWARE_SIZE;
      }
      memcpy(part + (piece.offset - start), piece.ptr, piece.len);
      *partLen = piece.offset - start + piece.len;
    }
  }
  return status;
}

kpn_status fetchPart(size_t *partLen) {
  char host[KPN_FIRMWARE_HOST_MAX + 1];
  size_t len = 0;
  const uint32_t start = kpn_firmware_confirmed(&firmware);
  kpn_status status = kpn_firmware_host(&firmware, host, sizeof host);

  if (status == KPN_OK && kpn_firmware_must_connect(&firmware)) {
    fileClient.stop();
    status = fileClient.connect(host, kpn_firmware_port(&firmware)) == 1 ? kpn_firmware_connected(&firmware) : kpn_firmware_close(&firmware);
  }
  if (status == KPN_OK) {
    status = kpn_firmware_request(&firmware, request, sizeof request, &len);
  }
  if (status != KPN_OK) {
    return status;
  }
  for (size_t at = 0; at < len;) {
    const size_t sent = fileClient.write(request + at, len - at < 256 ? len - at : 256);
    if (sent == 0) {
      return kpn_firmware_close(&firmware);
    }
    at += sent;
  }
  status = KPN_NEED_MORE;
  const unsigned long begun = millis();
  while (status == KPN_NEED_MORE) {
    uint8_t chunk[64];
    const bool isConnected = fileClient.connected(); // asked first, so that what came before the end is still read
    const int got = fileClient.available() > 0 ? fileClient.read(chunk, sizeof chunk) : 0;
    if (got > 0) {
      status = feed(chunk, (size_t)got, partLen, start);
    } else if (!isConnected || millis() - begun > PART_MS) {
      status = kpn_firmware_close(&firmware);
      fileClient.stop();
    } else {
      delay(10);
    }
  }
  return status;
}

// Stores a part that is complete and verified. The first one opens the storage anew; every other must continue it.
bool store(uint32_t start, size_t partLen) {
  if (start == 0) {
    isOpen = InternalStorage.open((int)kpn_firmware_total(&firmware)) == 1;
    stored = 0;
  }
  if (!isOpen || start != stored) {
    return false;
  }
  for (size_t i = 0; i < partLen; i++) {
    InternalStorage.write(part[i]);
  }
  stored += partLen;
  return true;
}

// Until the image is complete, or the server refuses it. After a failure, the next announcement continues it.
void update() {
  kpn_status status = KPN_OK;
  while (kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST && (status == KPN_OK || status == KPN_AGAIN)) {
    const uint32_t start = kpn_firmware_confirmed(&firmware);
    size_t partLen = 0;
    status = fetchPart(&partLen);
    if (status == KPN_OK && !store(start, partLen)) {
      Serial.println("no room for the image");
      kpn_firmware_abort(&firmware);
    } else if (status == KPN_AGAIN) {
      delay(kpn_retry_delay_ms(kpn_firmware_failures(&firmware), random(0x7FFFFFFF), 1000, 60000, kpn_firmware_retry_after(&firmware)));
    }
  }
  fileClient.stop();
  if (kpn_firmware_state(&firmware) == KPN_FIRMWARE_COMPLETE) {
    Serial.println("the firmware is whole");
    InternalStorage.close();
    InternalStorage.apply(); // copies it and starts it
  } else {
    Serial.println(kpn_status_text(status));
  }
}

void setup() {
  Serial.begin(115200);
  randomSeed(analogRead(A0)); // devices that failed together must not return together
  nb.setTimeout(NETWORK_MS);  // otherwise begin waits for a network for ever
  things.begin(SECRET_URN, SECRET_KEY);
  if (kpn_firmware_begin(&firmware, memory, sizeof memory, PART) != KPN_OK) {
    Serial.println("no memory for firmware");
  }
}

void loop() {
  if (!isOnline()) {
    Serial.println("no network");
    delay(10000);
    return;
  }

  things.startMessage();
  things.addDecimal(KPN_TEMPERATURE, 205, -1); // 20.5 Cel: read your sensor here
  things.addText("firmware", NULL, VERSION);   // tells the platform which version is running
  bool accepted = things.send();
  things.report(Serial);

  kpn_downlink downlink; // no handler is set, so the response is read here
  if (accepted && things.hasDownlink() && kpn_downlink_begin(&downlink, things.response()) == KPN_OK
      && kpn_firmware_offer(&firmware, &downlink, SECRET_URN) == KPN_OK) {
    update();
  }
  failures = accepted ? 0 : failures + 1; // the first wait is up to INTERVAL_MS, the longest up to an hour
  delay(accepted ? INTERVAL_MS : kpn_retry_delay_ms(failures, random(0x7FFFFFFF), INTERVAL_MS, 3600000, things.retryAfter()));
}
