// SPDX-License-Identifier: MIT OR Apache-2.0
/* The networks of the sketches: they come up with the right APN, and lead to HostClient. Built once per sketch, with its SHIM_… set. */
#include <Arduino.h>

#if !defined(SHIM_WIFIS3)
static bool is_apn(const char *apn)
{
    if (strcmp(apn, "kpnthings.iot") == 0) {
        return true;
    }
    printf("no network behind %s\n", apn);
    return false;
}
#endif

#if defined(SHIM_MKRNB)
#include <MKRNB.h>

NB_NetworkStatus_t NB::begin(const char *, bool, bool)
{
    return NB_ERROR; // whatever APN the modem has stored
}

NB_NetworkStatus_t NB::begin(const char *, const char *apn, bool, bool)
{
    if (timeout_ == 0) {
        printf("would wait for ever without a network\n");
        return NB_ERROR;
    }
    ready_ = is_apn(apn);
    return ready_ ? NB_READY : NB_ERROR;
}

void NB::setTimeout(unsigned long timeout)
{
    timeout_ = timeout;
}

NB_SMS::NB_SMS() : next_(getenv("KPN_SMS")), text_(NULL) {}

int NB_SMS::available()
{
    return next_ != NULL ? 1 : 0;
}

int NB_SMS::remoteNumber(char *number, int cap)
{
    const char *end = strchr(next_, '|');
    const int len = static_cast<int>(end - next_);
    snprintf(number, static_cast<size_t>(cap), "%.*s", len, next_);
    text_ = end + 1;
    return 1;
}

int NB_SMS::read()
{
    return *text_ == '\0' || *text_ == '|' ? 0 : *text_++;
}

void NB_SMS::flush()
{
    const char *end = strchr(text_, '|');
    next_ = end != NULL ? end + 1 : NULL;
}

void NB_SMS::clear(int flag)
{
    printf("read SMS are deleted: %d\n", flag);
}

int NB::isAccessAlive()
{
    return ready_;
}

NB_NetworkStatus_t GPRS::attachGPRS(bool)
{
    return GPRS_READY;
}

#elif defined(SHIM_MKRGSM)
#include <MKRGSM.h>

GSM3_NetworkStatus_t GSM::begin(const char *, bool, bool)
{
    ready_ = true;
    return GSM_READY;
}

int GSM::isAccessAlive()
{
    return ready_;
}

GSM3_NetworkStatus_t GPRS::attachGPRS(const char *apn, const char *user, const char *password, bool)
{
    return is_apn(apn) && *user == '\0' && *password == '\0' ? GPRS_READY : ERROR;
}

#elif defined(SHIM_WIFIS3)
#include <WiFiS3.h>

CWifi WiFi;

int CWifi::begin(const char *ssid, const char *)
{
    status_ = *ssid != '\0' ? WL_CONNECTED : WL_IDLE_STATUS;
    return status_;
}

uint8_t CWifi::status()
{
    return status_;
}

#elif defined(SHIM_SODAQ)
#include <Sodaq_R4X.h>
#include <Sodaq_wdt.h>

void sodaq_wdt_safe_delay(uint32_t milliseconds)
{
    delay(milliseconds);
}

void Sodaq_R4X::init(Sodaq_OnOffBee *, Uart &, uint32_t) {}

bool Sodaq_R4X::connect(const char *apn, const char *, MNOProfile, const char *, const char *, const char *)
{
    ready_ = is_apn(apn);
    return ready_;
}

bool Sodaq_R4X::isConnected()
{
    return ready_;
}

int Sodaq_R4X::socketCreate(uint16_t, UbloxProtocols protocol)
{
    return protocol == UbloxTCP ? 0 : -1;
}

bool Sodaq_R4X::socketConnect(int8_t, const char *host, uint16_t port)
{
    pending_ = 0;
    return client_.connect(host, port) == 1;
}

size_t Sodaq_R4X::socketWrite(int8_t, const uint8_t *bytes, size_t len)
{
    return len > 512 ? 0 : client_.write(bytes, len);
}

bool Sodaq_R4X::socketWaitForRead(int8_t, uint32_t timeout)
{
    const unsigned long start = millis();
    while (client_.available() == 0 && millis() - start < timeout) {
        delay(10);
    }
    pending_ = static_cast<size_t>(client_.available());
    return pending_ > 0;
}

size_t Sodaq_R4X::socketRead(int8_t, uint8_t *bytes, size_t len)
{
    const int got = pending_ == 0 ? 0 : client_.read(bytes, len < pending_ ? len : pending_);
    pending_ -= got > 0 ? static_cast<size_t>(got) : 0;
    return got > 0 ? static_cast<size_t>(got) : 0;
}

bool Sodaq_R4X::socketClose(int8_t, bool)
{
    client_.stop();
    return true;
}

bool Sodaq_R4X::socketFlush(int8_t, uint32_t)
{
    return true;
}

bool Sodaq_R4X::socketIsClosed(int8_t)
{
    return !client_.connected();
}

size_t Sodaq_R4X::socketGetPendingBytes(int8_t)
{
    return pending_;
}

bool Sodaq_R4X::socketHasPendingBytes(int8_t)
{
    return pending_ > 0;
}

#elif defined(SHIM_TINYGSM)
#ifndef TINY_GSM_MODEM_SIM7000
#define TINY_GSM_MODEM_SIM7000
#endif
#include <TinyGsmClient.h>
#include <Update.h>
#include <esp_ota_ops.h>

UpdateClass Update;
EspClass ESP;

esp_err_t esp_ota_mark_app_valid_cancel_rollback()
{
    printf("this firmware is good\n");
    return ESP_OK;
}

TinyGsm::TinyGsm(Uart &) : stream(answer_), next_(getenv("KPN_SMS")), listed_(false), ready_(false) {}

bool TinyGsm::gprsConnect(const char *apn, const char *, const char *)
{
    ready_ = is_apn(apn);
    return ready_;
}

void TinyGsm::sendAT(const char *command, int)
{
    const char *bar = next_ != NULL ? strchr(next_, '|') : NULL;
    const char *end = bar != NULL ? strchr(bar + 1, '|') : NULL;
    listed_ = bar != NULL && strncmp(command, "+CMGL", 5) == 0;
    if (bar != NULL && strncmp(command, "+CMGD", 5) == 0) {
        next_ = end != NULL ? end + 1 : NULL;
    }
    if (listed_) {
        const int len = end != NULL ? static_cast<int>(end - bar) - 1 : static_cast<int>(strlen(bar + 1));
        answer_.put(" 3,\"REC UNREAD\",\"%.*s\",\"\",\"26/01/31,12:00:00+04\"\r\n%.*s\r\n\r\nOK\r\n",
                    static_cast<int>(bar - next_), next_, len, bar + 1);
    }
}

int8_t TinyGsm::waitResponse(uint32_t, const char *first, const char *, const char *)
{
    if (first != NULL) { // what is waited for is a message
        return listed_ ? 1 : 2;
    }
    return 1;
}
#else
#error "which modem?"
#endif

void setup();
void loop();

/// `sketch TURNS`: setup, then loop as many times.
int main(int argc, char **argv)
{
    setup();
    for (int turns = argc > 1 ? atoi(argv[1]) : 1; turns > 0; turns--) {
        loop();
    }
    return 0;
}
