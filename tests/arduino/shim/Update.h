/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef SHIM_UPDATE_H
#define SHIM_UPDATE_H

#include <Arduino.h>

/// The other partition: the file in KPN_IMAGE, which only goes forward.
class UpdateClass {
  public:
    UpdateClass() : file_(NULL), left_(0) {}
    bool begin(size_t size)
    {
        const char *name = getenv("KPN_IMAGE");
        left_ = size;
        file_ = name != NULL && size > 0 && file_ == NULL ? fopen(name, "wb") : NULL;
        return file_ != NULL;
    }
    size_t write(uint8_t *bytes, size_t len)
    {
        const size_t fits = len < left_ ? len : left_;
        left_ -= fits;
        return fwrite(bytes, 1, fits, file_);
    }
    bool end(bool even_if_remaining = false)
    {
        const bool whole = file_ != NULL && (left_ == 0 || even_if_remaining);
        abort();
        return whole;
    }
    void abort()
    {
        if (file_ != NULL) {
            fclose(file_);
        }
        file_ = NULL;
    }

  private:
    FILE *file_;
    size_t left_;
};

extern UpdateClass Update;

class EspClass {
  public:
    void restart()
    {
        printf("the new firmware starts\n");
        exit(0);
    }
};

extern EspClass ESP;

#endif
