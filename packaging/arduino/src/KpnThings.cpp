// SPDX-License-Identifier: MIT OR Apache-2.0
#include "KpnThings.h"

/// From this status on a response is not an interim one, RFC 9110 section 15.2.
static const int32_t FINAL_STATUS = 200;

// A reference to a constant, as taken by std::min, needs a definition of it.
const unsigned long KpnThings::TIMEOUT_MS;
const size_t KpnThings::PIECE;

KpnThings::KpnThings(Client &client, uint8_t *buffer, size_t capacity)
    : client_(client), buffer_(buffer), capacity_(capacity), urn_(NULL), secret_(NULL), host_(NULL), address_(10, 151, 236, 157),
      timeout_(TIMEOUT_MS), piece_(PIECE), handler_(NULL), context_handler_(NULL), context_(NULL), uplink_(), connection_(),
      missing_(0), status_(KPN_ERR_STATE), downlink_status_(KPN_END), endpoint_(KPN_ENDPOINT_M2M), port_(80),
      limit_(KPN_REQUESTS_MAX), unsigned_(false), responded_(false)
{
}

void KpnThings::begin(const char *urn, const char *secret, int32_t endpoint)
{
    close();
    urn_ = urn;
    secret_ = secret;
    endpoint_ = endpoint;
    if (endpoint == KPN_ENDPOINT_INTERNET) {
        setServer("prod.dm.kpnthings.com", 443);
    } else {
        setServer(IPAddress(10, 151, 236, 157), 80);
    }
}

void KpnThings::setServer(const IPAddress &address, uint16_t port)
{
    close();
    host_ = NULL;
    address_ = address;
    port_ = port;
}

void KpnThings::setServer(const char *host, uint16_t port)
{
    close();
    host_ = host;
    port_ = port;
}

void KpnThings::setTimeout(unsigned long milliseconds)
{
    timeout_ = milliseconds;
}

void KpnThings::setPiece(size_t bytes)
{
    piece_ = bytes > 0 ? bytes : 1;
}

void KpnThings::setRequestLimit(uint16_t requests)
{
    limit_ = requests > 0 ? requests : 1;
}

void KpnThings::setUnsigned(bool without_token)
{
    unsigned_ = without_token;
}

void KpnThings::onDownlink(KpnDownlinkHandler handler)
{
    handler_ = handler;
    context_handler_ = NULL;
    context_ = NULL;
}

void KpnThings::onDownlink(KpnDownlinkContextHandler handler, void *context)
{
    handler_ = NULL;
    context_handler_ = handler;
    context_ = context;
}

kpn_status KpnThings::startMessage()
{
    responded_ = false;
    missing_ = 0;
    downlink_status_ = KPN_END;
    const kpn_status begun = kpn_uplink_begin(&uplink_, buffer_, capacity_, endpoint_, urn_);
    status_ = begun == KPN_OK ? KPN_NEED_MORE : begun;
    return begun;
}

kpn_status KpnThings::addDecimal(const char *name, const char *unit, int64_t mantissa, int32_t exponent)
{
    return kpn_uplink_add_decimal(&uplink_, name, unit, mantissa, exponent);
}

kpn_status KpnThings::addInteger(const char *name, const char *unit, int64_t value)
{
    return kpn_uplink_add_int64(&uplink_, name, unit, value);
}

kpn_status KpnThings::addDouble(const char *name, const char *unit, double value)
{
    return kpn_uplink_add_double(&uplink_, name, unit, value);
}

kpn_status KpnThings::addFloat(const char *name, const char *unit, float value)
{
    return kpn_uplink_add_float(&uplink_, name, unit, value);
}

kpn_status KpnThings::addBool(const char *name, const char *unit, bool value)
{
    return kpn_uplink_add_bool(&uplink_, name, unit, value);
}

kpn_status KpnThings::addText(const char *name, const char *unit, const char *value)
{
    return kpn_uplink_add_text(&uplink_, name, unit, value);
}

kpn_status KpnThings::addData(const char *name, const char *unit, const uint8_t *bytes, size_t len)
{
    return kpn_uplink_add_data(&uplink_, name, unit, bytes, len);
}

kpn_uplink *KpnThings::uplink()
{
    return &uplink_;
}

bool KpnThings::send()
{
    if (status_ != KPN_NEED_MORE) { // not begun, refused when it was begun, or sent already
        if (status_ == KPN_OK || responded_) {
            status_ = KPN_ERR_STATE;
            responded_ = false;
        }
        return false;
    }
    kpn_span request;
    status_ = unsigned_ ? kpn_uplink_finish_unsigned(&uplink_, &request) : kpn_uplink_finish(&uplink_, secret_, &request);
    if (status_ == KPN_ERR_BUFFER_FULL) {
        missing_ = kpn_uplink_missing(&uplink_);
    }
    if (status_ != KPN_OK) {
        return false;
    }
    status_ = kpn_response_begin(&response_, buffer_, capacity_);
    if (status_ != KPN_OK) {
        return false;
    }
    responded_ = true;
    status_ = exchange(request, &response_);
    if (outcome() != KPN_OUTCOME_ACCEPTED) {
        return false;
    }
    handOut();
    return true;
}

kpn_status KpnThings::exchange(kpn_span request, kpn_response *response)
{
    kpn_status status = open();
    if (status == KPN_OK) {
        status = write(request, response);
    }
    if (status == KPN_NEED_MORE) {
        status = read(response);
    }
    kpn_connection_record(&connection_, response); // kpn_connection_left gives the rest
    if (status != KPN_OK || kpn_connection_left(&connection_) == 0) {
        close();
    }
    return status;
}

void KpnThings::close()
{
    if (kpn_connection_left(&connection_) > 0 || client_) {
        client_.stop();
    }
    connection_ = kpn_connection();
}

/// An idle connection is used again only if nothing unsolicited has arrived on it.
kpn_status KpnThings::open()
{
    if (kpn_connection_left(&connection_) > 0 && client_.connected() && client_.available() == 0) {
        return KPN_OK;
    }
    close();
    const int connected = host_ != NULL ? client_.connect(host_, port_) : client_.connect(address_, port_);
    if (connected != 1) { // 0 or negative, whatever the library uses for a failure
        client_.stop();
        return KPN_ERR_CONNECT;
    }
    return kpn_connection_begin(&connection_, limit_);
}

/// Reads what has arrived; false if there is nothing.
bool KpnThings::hear(kpn_response *response, kpn_status *status)
{
    uint8_t chunk[64];
    const int len = client_.available() > 0 ? client_.read(chunk, sizeof chunk) : 0;
    if (len > 0) {
        *status = kpn_response_feed(response, chunk, static_cast<size_t>(len), NULL);
    }
    return len > 0;
}

/// KPN_NEED_MORE if the response is to be read next. A piece that was accepted in part is continued; accepting nothing is a failure, since
/// a modem may have sent it all the same. A server that has begun to answer is sent nothing more, since its response may overwrite the
/// request.
kpn_status KpnThings::write(kpn_span request, kpn_response *response)
{
    const unsigned long start = millis();
    kpn_status status = KPN_NEED_MORE;
    while (request.len > 0) {
        const size_t piece = request.len < piece_ ? request.len : piece_;
        const size_t written = client_.write(request.ptr, piece);
        const bool failed = written == 0 || written > piece;
        if (!failed) {
            request.ptr += written;
            request.len -= written;
        }
        if (failed || request.len > 0) {
            while (hear(response, &status) && failed && status == KPN_NEED_MORE && millis() - start < timeout_) {
            }
        }
        if (status != KPN_NEED_MORE || (kpn_response_status(response) >= FINAL_STATUS && request.len > 0)) {
            connection_ = kpn_connection(); // the server has a part of the request
            return status;
        }
        if (failed) {
            return KPN_ERR_IO;
        }
        if (request.len > 0 && millis() - start >= timeout_) {
            return KPN_ERR_TIMEOUT;
        }
    }
    return status;
}

kpn_status KpnThings::read(kpn_response *response)
{
    const unsigned long start = millis();
    kpn_status status = KPN_NEED_MORE;
    while (status == KPN_NEED_MORE) {
        if (!hear(response, &status)) {
            // The last bytes, and the end, may have arrived after the first check.
            if (!client_.connected() && client_.available() <= 0) {
                status = kpn_response_end(response);
            } else {
                delay(10);
            }
        }
        if (status == KPN_NEED_MORE && millis() - start >= timeout_) {
            status = KPN_ERR_TIMEOUT;
        }
    }
    return status;
}

void KpnThings::handOut()
{
    if (!hasDownlink()) {
        return;
    }
    if (handler_ == NULL && context_handler_ == NULL) {
        downlink_status_ = KPN_AGAIN;
        return;
    }
    kpn_downlink downlink;
    kpn_record record;
    downlink_status_ = kpn_downlink_begin(&downlink, &response_);
    while (downlink_status_ == KPN_OK) {
        const kpn_status next = kpn_downlink_next(&downlink, &record);
        if (next == KPN_END) {
            return;
        }
        downlink_status_ = next;
        if (next == KPN_OK && handler_ != NULL) {
            handler_(record);
        } else if (next == KPN_OK) {
            context_handler_(record, context_);
        }
    }
}

kpn_status KpnThings::status() const
{
    return status_;
}

int32_t KpnThings::httpStatus() const
{
    return responded_ ? kpn_response_status(&response_) : 0;
}

int32_t KpnThings::outcome() const
{
    return responded_ ? kpn_response_outcome(&response_) : KPN_OUTCOME_NONE;
}

bool KpnThings::mayRetry() const
{
    return status_ == KPN_OK ? kpn_outcome_may_retry(outcome()) : responded_;
}

uint32_t KpnThings::retryAfter() const
{
    return responded_ ? kpn_response_retry_after(&response_) : 0;
}

const char *KpnThings::advice() const
{
    return status_ == KPN_OK ? kpn_outcome_text(outcome()) : kpn_status_text(status_);
}

size_t KpnThings::missing() const
{
    return responded_ ? kpn_response_missing(&response_) : missing_;
}

bool KpnThings::hasDownlink() const
{
    kpn_span body;
    if (outcome() != KPN_OUTCOME_ACCEPTED) {
        return false;
    }
    return kpn_response_body(&response_, &body) != KPN_OK || body.len > 0; // includes one too large for the buffer
}

kpn_status KpnThings::downlinkStatus() const
{
    return downlink_status_;
}

const kpn_response *KpnThings::response() const
{
    return responded_ ? &response_ : NULL;
}

void KpnThings::report(Print &out) const
{
    out.print("status ");
    out.print(static_cast<int>(status_));
    out.print(", HTTP ");
    out.print(static_cast<int>(httpStatus()));
    out.print(": ");
    out.print(advice());
    if (missing() > 0) {
        out.print("; missing bytes: ");
        out.print(static_cast<unsigned int>(missing()));
    }
    if (downlink_status_ != KPN_END) {
        out.print("; downlink: ");
        out.print(downlink_status_ == KPN_AGAIN ? "nobody took it" : kpn_status_text(downlink_status_));
    }
    out.println();
}
