/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * KPN Things for Arduino: one message at a time over any Client (GSM, LTE-M, NB-IoT; with TLS: WiFi, Ethernet).
 *
 * A thin layer over kpn_things.h, which is the manual for everything that is not here. No heap, no String, no exceptions; of Arduino it
 * uses only Client, Print, millis and delay.
 */
#ifndef KPN_THINGS_ARDUINO_H
#define KPN_THINGS_ARDUINO_H

#include <Arduino.h>
#include <Client.h>

#include "kpn_things.h"

/// Called once for each record of a downlink, whose texts are valid until it returns.
typedef void (*KpnDownlinkHandler)(const kpn_record &record);

/// The same with a pointer of the sketch, such as to the object that owns the valve.
typedef void (*KpnDownlinkContextHandler)(const kpn_record &record, void *context);

/// One device on one connection.
///
/// `begin` once; then per message `startMessage`, any of the `add` functions, `send`. Failures are never just printed: `send` returns
/// whether the platform accepted the message, and `status`, `httpStatus`, `outcome`, `advice` and `downlinkStatus` give the details until
/// the next `startMessage` or `send`.
///
/// `client` and `buffer` belong to the sketch and must outlive the object. The buffer holds the request, then the body of the response:
/// 1,024 bytes suit most; whatever does not fit is refused with the number of missing bytes.
class KpnThings {
  public:
    /// Longest wait for a response, unless `setTimeout` says otherwise. NB-IoT answers within some 10 seconds.
    static const unsigned long TIMEOUT_MS = 30000;
    /// Most bytes in one `Client::write`, unless `setPiece` says otherwise; all common modems accept this.
    static const size_t PIECE = 256;

    KpnThings(Client &client, uint8_t *buffer, size_t capacity);

    /// Sets the identity of the device. Nothing is sent or checked yet.
    ///
    /// `urn` as in "urn:dev:IMEI:490154203237518:", `secret` 30 to 100 letters and digits; both are kept as pointers. `KPN_ENDPOINT_M2M`
    /// goes to 10.151.236.157, port 80, which only SIM cards with APN kpnthings.iot can reach; DNS is not used. `KPN_ENDPOINT_INTERNET`
    /// goes to prod.dm.kpnthings.com, port 443: give this class a Client that does TLS.
    void begin(const char *urn, const char *secret, int32_t endpoint = KPN_ENDPOINT_M2M);

    /// Sets another address to connect to; the request stays that of the endpoint.
    void setServer(const IPAddress &address, uint16_t port);
    /// The same by name, which needs DNS; `host` is kept as a pointer.
    void setServer(const char *host, uint16_t port);
    /// Sets the longest time for writing the whole request, and then for the whole response, in milliseconds each, whatever the server
    /// does. A call of the Client is not interrupted: the Client decides how long connecting, or writing one piece, may take.
    void setTimeout(unsigned long milliseconds);
    /// Sets the most bytes to pass to one `Client::write`, at least 1.
    void setPiece(size_t bytes);
    /// Sets how many requests one connection carries before it is reopened, `KPN_REQUESTS_MAX` (100) by default; 1 closes it each time.
    void setRequestLimit(uint16_t requests);
    /// Sends messages without a token, for device types that have no secret; the secret is then not used.
    void setUnsigned(bool without_token);

    /// Sets the handler that receives the records of a downlink, after the whole downlink was checked. NULL: none, see `hasDownlink`.
    void onDownlink(KpnDownlinkHandler handler);
    /// The same with a pointer that is passed on.
    void onDownlink(KpnDownlinkContextHandler handler, void *context);

    /// Starts a message, discarding what was there before. `send` reports a failure again.
    kpn_status startMessage();

    /// Adds 20.5 as mantissa 205, exponent -1, without any floating-point code. KPN_TEMPERATURE and its siblings stand for name and unit.
    kpn_status addDecimal(const char *name, const char *unit, int64_t mantissa, int32_t exponent);
    /// Adds a whole number.
    kpn_status addInteger(const char *name, const char *unit, int64_t value);
    /// Adds a double as the shortest text that reads back equal, so that no digit of a position is lost.
    kpn_status addDouble(const char *name, const char *unit, double value);
    /// Adds a float as such: 20.1f is sent as 20.1.
    kpn_status addFloat(const char *name, const char *unit, float value);
    /// Adds true or false.
    kpn_status addBool(const char *name, const char *unit, bool value);
    /// Adds a text in UTF-8.
    kpn_status addText(const char *name, const char *unit, const char *value);
    /// Adds bytes, sent as base64.
    kpn_status addData(const char *name, const char *unit, const uint8_t *bytes, size_t len);
    /// The message being built, for all other `kpn_uplink_…` functions: times, sums, several devices.
    kpn_uplink *uplink();

    /// Signs and sends the message, reads the response, and hands out a downlink. Blocks; bounded by `setTimeout` and the Client.
    ///
    /// Connects if there is no connection, if the server closed it, or if it has carried all its requests. Nothing is sent twice. If a
    /// server answers before it has the whole request, the rest is not sent, its response counts, and the connection is closed. Returns
    /// true if the platform accepted the message; otherwise false, see `advice`.
    bool send();

    /// Sends a request of your own (of a stream, or for a firmware part) and reads its response, over the same connection.
    ///
    /// `response` comes from `kpn_response_begin`. Results are those of `status`. Nothing else that this object reports is changed.
    kpn_status exchange(kpn_span request, kpn_response *response);

    /// Closes the connection, for example before sleeping or before the modem is switched off.
    void close();

    /// KPN_OK if the response is complete, whatever it says; otherwise the message could not be built, or no complete response came.
    ///
    /// KPN_ERR_CONNECT, KPN_ERR_IO (a write failed), KPN_ERR_TIMEOUT, KPN_ERR_HTTP_…: after the last three it is unknown whether the
    /// message arrived. Any other: it was not sent; this is the first failure of `startMessage` and the `add` functions. KPN_NEED_MORE
    /// before `send`.
    kpn_status status() const;
    /// The number in the status line; 0 if none was read.
    int32_t httpStatus() const;
    /// KPN_OUTCOME_ACCEPTED and following; KPN_OUTCOME_NONE without a complete response.
    int32_t outcome() const;
    /// Whether the same measurements may be sent again later: not if the message was refused for its contents.
    bool mayRetry() const;
    /// Seconds that the server asks to wait; 0 if it did not say.
    uint32_t retryAfter() const;
    /// One sentence for logs: what the failure or the outcome means and what to do.
    const char *advice() const;
    /// How many bytes the buffer lacks, for the message or for the body of the response; 0 if it was large enough.
    size_t missing() const;

    /// Whether the response brought a downlink.
    bool hasDownlink() const;
    /// KPN_OK: handed out; KPN_END: there was none; KPN_AGAIN: there was no handler (read it from `response`); negative: refused as a
    /// whole.
    kpn_status downlinkStatus() const;
    /// The last response, valid until the next `startMessage`: for `kpn_downlink_begin` if no handler is set.
    const kpn_response *response() const;

    /// Prints everything in one line: status, HTTP status, advice, downlink.
    void report(Print &out) const;

  private:
    KpnThings(const KpnThings &);
    KpnThings &operator=(const KpnThings &);

    kpn_status open();
    bool hear(kpn_response *response, kpn_status *status);
    kpn_status write(kpn_span request, kpn_response *response);
    kpn_status read(kpn_response *response);
    void handOut();

    Client &client_;
    uint8_t *buffer_;
    size_t capacity_;
    const char *urn_;
    const char *secret_;
    const char *host_;
    IPAddress address_;
    unsigned long timeout_;
    size_t piece_;
    KpnDownlinkHandler handler_;
    KpnDownlinkContextHandler context_handler_;
    void *context_;
    /// The message is no longer needed once it is framed; the response is not needed before that.
    union {
        kpn_uplink uplink_;
        kpn_response response_;
    };
    kpn_connection connection_;
    size_t missing_;
    kpn_status status_;
    kpn_status downlink_status_;
    int32_t endpoint_;
    uint16_t port_;
    uint16_t limit_;
    bool unsigned_;
    bool responded_;
};

/// KpnThings with its own buffer: `KpnThingsBuffer<1024> things(client);`.
template <size_t CAPACITY> class KpnThingsBuffer : public KpnThings {
  public:
    explicit KpnThingsBuffer(Client &over) : KpnThings(over, memory_, CAPACITY) {}

  private:
    uint8_t memory_[CAPACITY];
};

#endif
