/*
 * Sizes, alignments and offsets as C sees them: they are the ABI. `src/ffi` asserts the same numbers for Rust. The macro
 * prints each of them when KPN_TEST_PRINT_LAYOUT is defined.
 */
#ifdef KPN_TEST_POSIX
#define KPN_POSIX
#endif
#include "check.h"

#define POINTER_BITS (sizeof(void *) * 8)

/* The columns are what a chip with 32 bits and a host with 64 have. x86 with 32 bits aligns 64-bit numbers to 4. */
#define SIZE(type, on32, on64) check_layout(sizeof(type), (on32), (on64), __LINE__, "sizeof " #type)
#define OFFSET(type, field, on32, on64) check_layout(offsetof(type, field), (on32), (on64), __LINE__, #type "." #field)

static void check_layout(size_t is, size_t on32, size_t on64, int line, const char *what) {
#ifdef KPN_TEST_PRINT_LAYOUT
    printf("%s %lu\n", what, (unsigned long)is);
#endif
    check_size(is, POINTER_BITS == 32 ? on32 : on64, __FILE__, line, what);
}

void test_layout(void) {
#ifdef __i386__
    const bool on_x86_32 = true;
#else
    const bool on_x86_32 = false;
#endif
    CHECK(sizeof(kpn_status) == 4);
    SIZE(kpn_span, 8, 16);
    OFFSET(kpn_span, ptr, 0, 0);
    OFFSET(kpn_span, len, 4, 8);
    SIZE(kpn_token, 112, 112);
    SIZE(kpn_connection, 8, 8);
    SIZE(kpn_response, 76, 88);
    SIZE(kpn_uplink, on_x86_32 ? 88 : 96, 152);
    SIZE(kpn_stream, on_x86_32 ? 312 : 320, 384);
    SIZE(kpn_pieces, 24, 40);
    SIZE(kpn_queue, 40, 56);
    SIZE(kpn_downlink, 136, 256);
    SIZE(kpn_config, 504, 504);
    SIZE(kpn_config_problem, 12, 16);
    OFFSET(kpn_config_problem, field, 0, 0);
    OFFSET(kpn_config_problem, reason, 4, 4);
    OFFSET(kpn_config_problem, position, 8, 8);
    SIZE(kpn_firmware, 120, 128);
    SIZE(kpn_firmware_piece, 16, 32);
    OFFSET(kpn_firmware_piece, offset, 0, 0);
    OFFSET(kpn_firmware_piece, ptr, 4, 8);
    OFFSET(kpn_firmware_piece, len, 8, 16);
    OFFSET(kpn_firmware_piece, used, 12, 24);
#ifdef KPN_TEST_POSIX
    SIZE(kpn_posix, 20, 20);
#endif
    SIZE(kpn_sms_delivery, 8, 8);
    OFFSET(kpn_sms_delivery, missed, 0, 0);
    OFFSET(kpn_sms_delivery, worst, 4, 4);
    SIZE(kpn_record, 160, 312);
    OFFSET(kpn_record, kind, 4, 4);
    OFFSET(kpn_record, index, 8, 8);
    OFFSET(kpn_record, base_name, 12, 16);
    OFFSET(kpn_record, base_name_len, 16, 24);
    OFFSET(kpn_record, name, 20, 32);
    OFFSET(kpn_record, name_len, 24, 40);
    OFFSET(kpn_record, unit, 28, 48);
    OFFSET(kpn_record, unit_len, 32, 56);
    OFFSET(kpn_record, text, 36, 64);
    OFFSET(kpn_record, text_len, 40, 72);
    OFFSET(kpn_record, data, 44, 80);
    OFFSET(kpn_record, data_len, 48, 88);
    OFFSET(kpn_record, bool_value, 52, 96);
    OFFSET(kpn_record, has_sum, 53, 97);
    OFFSET(kpn_record, has_time, 54, 98);
    OFFSET(kpn_record, has_update_time, 55, 99);
}
