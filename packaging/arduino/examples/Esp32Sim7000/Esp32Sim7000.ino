// SPDX-License-Identifier: MIT OR Apache-2.0
/*
  Sends a measurement to KPN Things every minute, acts on downlinks, by response or by SMS, and updates itself.

  ESP32 with a SIM7000 (LilyGO T-SIM7000G and its like) and an M2M SIM card of KPN; library TinyGSM. The device's URN and secret go into
  arduino_secrets.h. Update writes the other application partition, so the board needs a partition scheme with two of them (the usual one has).
  The new firmware is confirmed by its first accepted message; if it is reset before that, the old one starts again.
*/
#define TINY_GSM_MODEM_SIM7000
#define TINY_GSM_RX_BUFFER 1024
#include <TinyGsmClient.h>
#include <Update.h>
#include <esp_ota_ops.h>
#include <KpnThings.h>

#include "arduino_secrets.h"

const char APN[] = "kpnthings.iot"; // a SIM card of KPN Things+ takes kpnthings2.m2m
const char VERSION[] = "1.0.0";
const int LED = 12, MODEM_POWER = 4, MODEM_TX = 27, MODEM_RX = 26; // of the T-SIM7000G
const unsigned long INTERVAL_MS = 60000;
const unsigned long NETWORK_MS = 180000;
const unsigned long PART_MS = 30000;
const size_t PART = 1024;
const uint8_t LTE_ONLY = 38, CAT_M = 1; // NB-IoT is 2

TinyGsm modem(Serial1);
TinyGsmClient client(modem, 0);
TinyGsmClient fileClient(modem, 1);
KpnThingsBuffer<1024> things(client);
kpn_firmware firmware;
uint8_t memory[KPN_FIRMWARE_MEMORY];
uint8_t request[KPN_FIRMWARE_MEMORY + 512];
uint8_t part[PART]; // Update cannot go back, so a part is written once it is whole and right
bool isConfirmed = false;
bool isUpdating = false;
uint32_t stored = 0; // bytes of the image in the other partition
uint32_t failures = 0;

// Asks the core to leave it to this sketch whether the firmware is good.
extern "C" bool verifyRollbackLater() {
  return true;
}

bool isOnline() {
  if (modem.isNetworkConnected() && modem.isGprsConnected()) {
    return true;
  }
  things.close();
  return modem.init() && modem.setNetworkMode(LTE_ONLY) && modem.setPreferredMode(CAT_M) && modem.waitForNetwork(NETWORK_MS)
         && modem.gprsConnect(APN, "", "");
}

// Called for each record of a downlink, whichever way it came, once the whole of it was found valid.
void act(const kpn_record &record) {
  if (kpn_record_is_for(&record, SECRET_URN) && kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
    digitalWrite(LED, record.bool_value ? HIGH : LOW);
    Serial.println(record.bool_value ? "valve open" : "valve shut");
  }
}

void handOut(kpn_downlink *downlink) {
  kpn_record record;
  while (kpn_downlink_next(downlink, &record) == KPN_OK) {
    act(record);
  }
}

// Each SMS is deleted after it was used, so that a reset in between does not lose it.
void takeSms() {
  modem.sendAT(GF("+CMGF=1"));
  modem.waitResponse();
  for (int left = 10; left > 0; left--) {
    char line[96], text[161], sender[21] = "";
    int index = 0;
    modem.sendAT(GF("+CMGL=\"ALL\"")); // then for each: index, state and sender; its text
    if (modem.waitResponse(5000L, GF("+CMGL:"), GF("OK\r\n"), GF("ERROR\r\n")) != 1) {
      return;
    }
    line[modem.stream.readBytesUntil('\n', line, sizeof line - 1)] = '\0';
    size_t len = modem.stream.readBytesUntil('\r', text, sizeof text - 1);
    text[len] = '\0';
    modem.waitResponse(5000L);
    delay(100);
    while (modem.stream.available()) { // more lines of this text, even if they look like OK and another SMS, or SMS that are listed again
      modem.stream.read();
    }
    if (sscanf(line, "%d,\"%*[^\"]\",\"%20[^\"]\"", &index, sender) < 1) {
      return; // unreadable: nothing is deleted
    }
    if (!kpn_sms_is_from_platform(sender)) { // anybody can send one
      Serial.println("SMS of somebody else");
    } else {
      kpn_downlink downlink;
      kpn_status status = kpn_downlink_begin_bytes(&downlink, (uint8_t *)text, len);
      if (status == KPN_OK) {
        handOut(&downlink);
      } else { // nothing of it was handed out
        Serial.println(kpn_status_text(status));
      }
    }
    modem.sendAT(GF("+CMGD="), index);
    modem.waitResponse(5000L);
  }
}

// Takes what has come of a part.
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
    uint8_t chunk[128];
    const bool isConnected = fileClient.connected(); // asked first: what came before the end is read all the same
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

// Stores a part that is whole and right. The first one begins the image anew; every other must continue it.
bool store(uint32_t start, size_t partLen) {
  if (start == 0) {
    Update.abort();
    isUpdating = Update.begin(kpn_firmware_total(&firmware));
    stored = 0;
  }
  if (!isUpdating || start != stored || Update.write(part, partLen) != partLen) {
    return false;
  }
  stored += partLen;
  return true;
}

// Until the image is whole, or the server refuses it, or there is no room. After a failure, the next announcement continues it.
void update() {
  kpn_status status = KPN_OK;
  while (kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST && (status == KPN_OK || status == KPN_AGAIN)) {
    const uint32_t start = kpn_firmware_confirmed(&firmware);
    size_t partLen = 0;
    status = fetchPart(&partLen);
    if (status == KPN_OK && !store(start, partLen)) {
      Serial.println("the image cannot be written");
      kpn_firmware_abort(&firmware);
    } else if (status == KPN_AGAIN) {
      delay(kpn_retry_delay_ms(kpn_firmware_failures(&firmware), random(0x7FFFFFFF), 1000, 60000, kpn_firmware_retry_after(&firmware)));
    }
  }
  fileClient.stop();
  if (kpn_firmware_state(&firmware) == KPN_FIRMWARE_COMPLETE && Update.end()) { // verifies the image
    Serial.println("the firmware is whole");
    ESP.restart();
  }
  Serial.println(kpn_status_text(status));
}

void setup() {
  Serial.begin(115200);
  Serial1.begin(115200, SERIAL_8N1, MODEM_RX, MODEM_TX);
  pinMode(LED, OUTPUT);
  pinMode(MODEM_POWER, OUTPUT);
  digitalWrite(MODEM_POWER, HIGH); // the modem's key, for a second
  delay(1000);
  digitalWrite(MODEM_POWER, LOW);
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
  takeSms();

  things.startMessage();
  things.addDecimal(KPN_TEMPERATURE, 205, -1); // 20.5 Cel: put your sensor here
  things.addText("firmware", NULL, VERSION);   // the platform learns which version runs
  bool accepted = things.send();
  things.report(Serial);
  if (accepted && !isConfirmed) {
    isConfirmed = esp_ota_mark_app_valid_cancel_rollback() == ESP_OK;
  }

  kpn_downlink downlink; // no handler is set, so the response is read here
  if (accepted && things.hasDownlink() && kpn_downlink_begin(&downlink, things.response()) == KPN_OK) {
    if (kpn_firmware_offer(&firmware, &downlink, SECRET_URN) == KPN_OK) {
      update();
    } else {
      handOut(&downlink);
    }
  }
  failures = accepted ? 0 : failures + 1; // the first wait is up to INTERVAL_MS, the longest up to an hour
  delay(accepted ? INTERVAL_MS : kpn_retry_delay_ms(failures, random(0x7FFFFFFF), INTERVAL_MS, 3600000, things.retryAfter()));
}
