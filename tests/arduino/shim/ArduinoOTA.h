/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_ARDUINO_OTA_H
#define SHIM_ARDUINO_OTA_H

#include <Arduino.h>

#ifndef NO_OTA_NETWORK
#error "the library asks for WiFiUdp.h, which no modem's library has"
#endif

/// Storage that only goes forward, as those of the cores: into the file in KPN_IMAGE.
class InternalStorageClass {
  public:
    InternalStorageClass() : file_(NULL), left_(0) {}
    int open(int length)
    {
        const char *name = getenv("KPN_IMAGE");
        left_ = length;
        file_ = name != NULL && length > 0 ? fopen(name, "wb") : NULL;
        return file_ != NULL ? 1 : 0;
    }
    size_t write(uint8_t byte)
    {
        return left_-- > 0 && fputc(byte, file_) == byte ? 1 : 0;
    }
    void close()
    {
        fclose(file_);
    }
    void apply()
    {
        printf("the new firmware starts, %d bytes short\n", left_);
        exit(0);
    }

  private:
    FILE *file_;
    int left_;
};

static InternalStorageClass InternalStorage;

#endif
