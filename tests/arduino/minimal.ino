// SPDX-License-Identifier: MIT OR Apache-2.0
#include "NoClient.h"

NoClient client;

#include <KpnThings.h>
KpnThingsBuffer<512> things(client);

void onDownlink(const kpn_record &record) {
  digitalWrite(LED_BUILTIN, kpn_record_is(&record, "valve") && record.bool_value);
}

void setup() {
  things.begin("urn:dev:IMEI:490154203237518:", "0123456789abcdefghijklmnopqrstuvwxyzABCD");
  things.onDownlink(onDownlink);
}

void loop() {
  things.startMessage();
  things.addDecimal(KPN_TEMPERATURE, 205, -1);
  things.addDouble(KPN_LATITUDE, 52.3731415926);
  things.addFloat(KPN_HUMIDITY, 48.1f);
  things.send();
  things.report(Serial);
}
