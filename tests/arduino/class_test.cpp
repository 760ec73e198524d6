// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * class_test SCENARIO: the Arduino class against the simulator on 127.0.0.1, port KPN_PORT. Which scenario needs which simulator stands in
 * xtask/src/packages/arduino.rs. Prints each expectation that does not hold and ends with 1 when there was one.
 */
#include <KpnThings.h>

#include "shim/HostClient.h"

static const char URN[] = "urn:dev:IMEI:490154203237518:";
static const char SECRET[] = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

static int failures;
static unsigned records;
static bool valve;

#define EXPECT(condition) expect((condition), #condition, __LINE__)
#define EXPECT_EQUAL(left, right) expect_equal((left), (right), #left, __LINE__)

static void expect(bool holds, const char *what, int line)
{
    if (!holds) {
        printf("line %d: not %s\n", line, what);
        failures++;
    }
}

static void expect_equal(long long left, long long right, const char *what, int line)
{
    if (left != right) {
        printf("line %d: %s is %lld, not %lld\n", line, what, left, right);
        failures++;
    }
}

static void count(const kpn_record &record)
{
    records++;
    if (kpn_record_is_for(&record, URN) && kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
        valve = record.bool_value;
    }
}

static void count_there(const kpn_record &record, void *context)
{
    *static_cast<unsigned *>(context) += kpn_record_is(&record, "valve") ? 1U : 100U;
}

/// What `report` prints.
class Text : public Print {
public:
    Text() : len_(0) { text_[0] = '\0'; }
    size_t write(uint8_t byte)
    {
        if (len_ + 1 < sizeof text_) {
            text_[len_++] = static_cast<char>(byte);
            text_[len_] = '\0';
        }
        return 1;
    }
    using Print::write;
    bool has(const char *part) const { return strstr(text_, part) != NULL; }

private:
    char text_[400];
    size_t len_;
};

/// A device with canaries around its buffer.
template <size_t CAPACITY>
struct Device {
    Device() : things(client, memory + 8, CAPACITY)
    {
        memset(memory, 0xA5, sizeof memory);
        things.begin(URN, SECRET);
        things.onDownlink(count);
        things.setTimeout(5000);
        records = 0;
        valve = false;
    }
    ~Device()
    {
        for (size_t i = 0; i < 8; i++) {
            EXPECT_EQUAL(memory[i], 0xA5);
            EXPECT_EQUAL(memory[8 + CAPACITY + i], 0xA5);
        }
    }
    bool send()
    {
        EXPECT_EQUAL(things.startMessage(), KPN_OK);
        EXPECT_EQUAL(things.addDecimal(KPN_TEMPERATURE, 205, -1), KPN_OK);
        return things.send();
    }
    bool reports(const char *text)
    {
        Text out;
        things.report(out);
        return out.has(text);
    }
    HostClient client;
    uint8_t memory[CAPACITY + 16];
    KpnThings things;
};

/// No complete response: everything that says so.
static void expect_no_response(KpnThings &things, kpn_status status)
{
    EXPECT_EQUAL(things.status(), status);
    EXPECT_EQUAL(things.outcome(), KPN_OUTCOME_NONE);
    EXPECT_EQUAL(things.downlinkStatus(), KPN_END);
    EXPECT(things.mayRetry());
    EXPECT(strcmp(things.advice(), kpn_status_text(status)) == 0);
}

static void accepted()
{
    Device<512> device;
    EXPECT(device.send());
    EXPECT_EQUAL(device.things.status(), KPN_OK);
    EXPECT_EQUAL(device.things.httpStatus(), 202);
    EXPECT_EQUAL(device.things.outcome(), KPN_OUTCOME_ACCEPTED);
    EXPECT_EQUAL(device.things.downlinkStatus(), KPN_END);
    EXPECT_EQUAL(device.things.missing(), 0);
    EXPECT(!device.things.hasDownlink());
    EXPECT(!device.things.mayRetry());
    EXPECT(device.reports("HTTP 202"));
    EXPECT(!device.reports("downlink"));
    EXPECT(device.client.connected());
    EXPECT(!device.things.send()); // the message is gone
    EXPECT_EQUAL(device.things.status(), KPN_ERR_STATE);
    EXPECT_EQUAL(device.things.httpStatus(), 0);

    EXPECT_EQUAL(device.things.startMessage(), KPN_OK);
    EXPECT_EQUAL(kpn_uplink_set_base_time(device.things.uplink(), 1585650750), KPN_OK);
    EXPECT_EQUAL(device.things.addInteger("uptime", "s", -1), KPN_OK);
    EXPECT_EQUAL(device.things.addDouble(KPN_LATITUDE, 52.3731415926), KPN_OK);
    EXPECT_EQUAL(device.things.addFloat(KPN_HUMIDITY, 48.1f), KPN_OK);
    EXPECT_EQUAL(device.things.addBool("doorOpen", NULL, true), KPN_OK);
    EXPECT_EQUAL(device.things.addText(KPN_FIRMWARE, "1.0.0"), KPN_OK);
    EXPECT_EQUAL(device.things.addData("image", NULL, reinterpret_cast<const uint8_t *>("\1\2\3"), 3), KPN_OK);
    EXPECT(device.things.send());
    EXPECT_EQUAL(device.client.connects, 1);
    EXPECT(device.client.largest_write <= KpnThings::PIECE);

    device.things.close();
    EXPECT(!device.client);
    device.client.write_limit = 7; // a modem that takes a little at a time, and gives a little
    device.client.read_limit = 1;
    device.client.empty_reads = true;
    device.things.setPiece(100);
    device.client.largest_write = 0;
    EXPECT(device.send());
    EXPECT_EQUAL(device.client.largest_write, 100);
    device.things.setPiece(0);
    EXPECT(device.send());

    kpn_span nothing;
    nothing.ptr = NULL;
    nothing.len = 0;
    EXPECT(device.things.response() != NULL && kpn_response_body(device.things.response(), &nothing) == KPN_OK);
}

static void exchanges_a_request_of_ones_own()
{
    Device<512> device;
    kpn_uplink uplink;
    kpn_span request;
    kpn_response response;
    uint8_t buffer[512];
    EXPECT_EQUAL(kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, URN), KPN_OK);
    EXPECT_EQUAL(kpn_uplink_add_bool(&uplink, "x", NULL, true), KPN_OK);
    EXPECT_EQUAL(kpn_uplink_finish(&uplink, SECRET, &request), KPN_OK);
    EXPECT_EQUAL(kpn_response_begin(&response, buffer, sizeof buffer), KPN_OK);
    EXPECT_EQUAL(device.things.exchange(request, &response), KPN_OK);
    EXPECT_EQUAL(kpn_response_outcome(&response), KPN_OUTCOME_ACCEPTED);
    EXPECT_EQUAL(device.things.status(), KPN_ERR_STATE); // of the object's own message, of which there was none
}

/// Four downlinks wait: good, good, good, and one whose second record is broken.
static void downlinks()
{
    Device<512> device;
    EXPECT(device.send());
    EXPECT_EQUAL(records, 2);
    EXPECT(valve);
    EXPECT(device.things.hasDownlink());
    EXPECT_EQUAL(device.things.downlinkStatus(), KPN_OK);
    EXPECT(device.reports("downlink"));

    unsigned seen = 0;
    device.things.onDownlink(count_there, &seen);
    EXPECT(device.send());
    EXPECT_EQUAL(seen, 101);
    EXPECT_EQUAL(records, 2);

    device.things.onDownlink(NULL);
    EXPECT(device.send());
    EXPECT_EQUAL(device.things.downlinkStatus(), KPN_AGAIN);
    EXPECT(device.reports("nobody took it"));
    kpn_downlink downlink;
    kpn_record record;
    EXPECT_EQUAL(kpn_downlink_begin(&downlink, device.things.response()), KPN_OK);
    EXPECT_EQUAL(kpn_downlink_next(&downlink, &record), KPN_OK);
    EXPECT(kpn_record_is(&record, "valve"));

    device.things.onDownlink(count);
    EXPECT(device.send()); // accepted all the same
    EXPECT_EQUAL(records, 2);
    EXPECT(device.things.downlinkStatus() < 0);
    EXPECT(device.things.hasDownlink());

    EXPECT(device.send()); // nothing waits any more
    EXPECT(!device.things.hasDownlink());
    EXPECT_EQUAL(device.things.downlinkStatus(), KPN_END);
}

static void a_downlink_larger_than_the_buffer()
{
    Device<330> device;
    EXPECT(device.send());
    EXPECT_EQUAL(device.things.downlinkStatus(), KPN_ERR_BODY_TOO_LARGE);
    EXPECT(device.things.hasDownlink());
    EXPECT(device.things.missing() > 0);
    EXPECT(device.reports("missing bytes"));
    EXPECT_EQUAL(records, 0);
    EXPECT(device.send());
    EXPECT_EQUAL(device.things.missing(), 0);
    EXPECT_EQUAL(device.client.connects, 1);
}

static void no_server()
{
    Device<512> device;
    EXPECT(!device.send());
    expect_no_response(device.things, KPN_ERR_CONNECT);
    EXPECT_EQUAL(device.things.httpStatus(), 0);
    EXPECT(!device.client);
}

static void other_servers()
{
    Device<512> device;
    device.things.setServer(IPAddress(10, 151, 236, 136), 8080);
    EXPECT(!device.send());
    expect_no_response(device.things, KPN_ERR_CONNECT);
    device.client.platform = "10.151.236.136:8080";
    EXPECT(device.send());
    device.client.platform = "platform.example:81";
    EXPECT(device.send()); // on the open connection
    device.things.setServer("platform.example", 81);
    EXPECT(!device.client);
    EXPECT(device.send());
    device.things.begin(URN, SECRET, KPN_ENDPOINT_INTERNET);
    EXPECT(!device.send());
    device.client.platform = "prod.dm.kpnthings.com:443";
    EXPECT(device.send());
}

/// What came, and the end of the connection, between the look for bytes and the look at the connection.
static void closed_between_two_looks()
{
    Device<512> device;
    device.client.late = true;
    EXPECT(device.send());
    EXPECT_EQUAL(device.things.httpStatus(), 202);
    EXPECT_EQUAL(device.things.status(), KPN_OK);
}

/// For tests/hostile: a message, or a request of LARGE bytes, then a message; the status and HTTP status of each.
static void hostile()
{
    Device<512> device;
    device.things.setTimeout(strtoul(getenv("LIMIT"), NULL, 10));
    if (getenv("LARGE") != NULL) {
        kpn_span request;
        kpn_response response;
        uint8_t body[64];
        request.len = strtoul(getenv("LARGE"), NULL, 10);
        char *bytes = static_cast<char *>(calloc(request.len + 100, 1));
        request.ptr = reinterpret_cast<const uint8_t *>(bytes);
        request.len += static_cast<size_t>(
            snprintf(bytes, 100, "POST / HTTP/1.1\r\nContent-Length: %u\r\n\r\n", static_cast<unsigned>(request.len)));
        device.things.setPiece(65536);
        EXPECT_EQUAL(kpn_response_begin(&response, body, sizeof body), KPN_OK);
        const kpn_status status = device.things.exchange(request, &response);
        printf("%d %d\n", static_cast<int>(status), static_cast<int>(kpn_response_status(&response)));
        EXPECT(!device.client || kpn_response_status(&response) == 202); // closed, unless the whole of it was sent
        free(bytes);
    } else {
        device.send();
        printf("%d %d\n", static_cast<int>(device.things.status()), static_cast<int>(device.things.httpStatus()));
    }
    device.send();
    printf("%d %d\n", static_cast<int>(device.things.status()), static_cast<int>(device.things.httpStatus()));
}

static void closed_early()
{
    Device<512> device;
    EXPECT(!device.send());
    expect_no_response(device.things, KPN_ERR_HTTP_TRUNCATED);
    EXPECT(!device.client);
}

static void garbage()
{
    Device<512> device;
    EXPECT(!device.send());
    expect_no_response(device.things, KPN_ERR_HTTP_SYNTAX);
    EXPECT(!device.client);
}

static void too_late()
{
    Device<512> device;
    device.things.setTimeout(300);
    const unsigned long start = millis();
    EXPECT(!device.send());
    EXPECT(millis() - start >= 300 && millis() - start < 1500);
    expect_no_response(device.things, KPN_ERR_TIMEOUT);
    EXPECT(!device.client);
    device.things.setTimeout(5000);
    EXPECT(device.send()); // late, but not too late
}

static void token_rejected()
{
    Device<512> device;
    device.things.begin(URN, "another0123456789abcdefghijklmnopqrstuvwxyz");
    EXPECT(!device.send());
    EXPECT_EQUAL(device.things.status(), KPN_OK);
    EXPECT_EQUAL(device.things.httpStatus(), 401);
    EXPECT_EQUAL(device.things.outcome(), KPN_OUTCOME_TOKEN_REJECTED);
    EXPECT(!device.things.mayRetry());
    EXPECT(strcmp(device.things.advice(), kpn_outcome_text(KPN_OUTCOME_TOKEN_REJECTED)) == 0);
    EXPECT_EQUAL(records, 0);
    device.things.begin("urn:dev:IMEI:2:", SECRET);
    EXPECT(!device.send());
    EXPECT_EQUAL(device.things.outcome(), KPN_OUTCOME_DEVICE_UNKNOWN);
    EXPECT(!device.things.mayRetry());
}

static void busy()
{
    Device<512> device;
    EXPECT(!device.send());
    EXPECT_EQUAL(device.things.status(), KPN_OK);
    EXPECT_EQUAL(device.things.httpStatus(), 503);
    EXPECT_EQUAL(device.things.outcome(), KPN_OUTCOME_RETRY_LATER);
    EXPECT_EQUAL(device.things.retryAfter(), 7);
    EXPECT(device.things.mayRetry());
    EXPECT(device.send());
    EXPECT_EQUAL(device.things.retryAfter(), 0);
}

static void without_a_token()
{
    Device<512> device;
    device.things.begin(URN, NULL);
    EXPECT(!device.send()); // a missing secret is no wish to go without
    EXPECT(device.things.status() < 0);
    EXPECT_EQUAL(device.client.connects, 0);
    device.things.setUnsigned(true);
    EXPECT(device.send());
}

static void a_kept_connection()
{
    Device<512> device;
    for (unsigned message = 1; message <= 250; message++) {
        EXPECT(device.send());
        EXPECT_EQUAL(device.client.connects, (message + 99) / 100);
        EXPECT_EQUAL(static_cast<bool>(device.client), message % 100 != 0); // closed by this side, at the limit
    }
    device.client.lose(); // while idle: noticed before anything is sent
    EXPECT(device.send());
    EXPECT_EQUAL(device.client.connects, 4);
    device.client.writes_left = 0;
    EXPECT(!device.send());
    expect_no_response(device.things, KPN_ERR_IO);
    EXPECT(!device.client);
    device.client.writes_left = ~0U;
    EXPECT(device.send());
    device.things.setRequestLimit(1); // from the next connection on
    device.things.close();
    EXPECT(device.send());
    EXPECT(!device.client);
    device.things.setRequestLimit(0);
    EXPECT(device.send());
    EXPECT_EQUAL(device.client.connects, 7);
}

/// The server takes ten requests and says so in the tenth response.
static void connection_close()
{
    Device<512> device;
    for (unsigned message = 1; message <= 25; message++) {
        EXPECT(device.send());
        EXPECT_EQUAL(device.client.connects, (message + 9) / 10);
        EXPECT_EQUAL(static_cast<bool>(device.client), message % 10 != 0);
    }
}

static void misuse()
{
    HostClient client;
    KpnThingsBuffer<512> things(client);
    EXPECT(!things.send());
    EXPECT_EQUAL(things.status(), KPN_ERR_STATE);
    EXPECT(!things.mayRetry());
    EXPECT(things.response() == NULL);
    EXPECT(things.startMessage() < 0); // no URN
    EXPECT(!things.send());

    things.begin("urn:dev:IMEI:1 2:", SECRET);
    const kpn_status refused = things.startMessage();
    EXPECT(refused < 0);
    EXPECT(things.addBool("x", NULL, true) < 0);
    EXPECT(!things.send());
    EXPECT_EQUAL(things.status(), refused); // the first failure, not the one that follows from it
    EXPECT(!things.mayRetry());

    things.begin(URN, SECRET, 99);
    EXPECT(things.startMessage() < 0);
    things.begin(URN, SECRET);
    EXPECT_EQUAL(things.startMessage(), KPN_OK);
    EXPECT_EQUAL(things.addDouble("x", NULL, static_cast<double>(NAN)), KPN_ERR_NOT_FINITE);
    EXPECT_EQUAL(things.addBool("y", NULL, true), KPN_OK);
    EXPECT(!things.send());
    EXPECT_EQUAL(things.status(), KPN_ERR_NOT_FINITE);
    things.begin(URN, "short");
    EXPECT_EQUAL(things.startMessage(), KPN_OK);
    EXPECT_EQUAL(things.addBool("y", NULL, true), KPN_OK);
    EXPECT(!things.send());
    EXPECT_EQUAL(things.status(), KPN_ERR_SECRET);

    Device<260> device;
    EXPECT_EQUAL(device.things.startMessage(), KPN_OK);
    EXPECT_EQUAL(device.things.addText("text", NULL, "more than two hundred and sixty bytes with its head"), KPN_ERR_BUFFER_FULL);
    EXPECT(!device.things.send());
    EXPECT_EQUAL(device.things.status(), KPN_ERR_BUFFER_FULL);
    EXPECT(device.things.missing() > 0 && device.things.missing() < 100);
    EXPECT_EQUAL(device.client.connects + client.connects, 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)();
    } scenarios[] = {
        {"accepted", accepted},
        {"own-request", exchanges_a_request_of_ones_own},
        {"downlinks", downlinks},
        {"large-downlink", a_downlink_larger_than_the_buffer},
        {"no-server", no_server},
        {"other-servers", other_servers},
        {"closed-early", closed_early},
        {"closed-between", closed_between_two_looks},
        {"hostile", hostile},
        {"garbage", garbage},
        {"too-late", too_late},
        {"token-rejected", token_rejected},
        {"busy", busy},
        {"without-a-token", without_a_token},
        {"kept", a_kept_connection},
        {"connection-close", connection_close},
        {"misuse", misuse},
    };
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
        if (argc == 2 && strcmp(argv[1], scenarios[i].name) == 0) {
            scenarios[i].run();
            return failures == 0 ? 0 : 1;
        }
    }
    printf("usage: class_test SCENARIO\n");
    return 2;
}
