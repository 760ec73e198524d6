// SPDX-License-Identifier: MIT OR Apache-2.0
/* The constants of the class can be bound to references, without optimisation too. */
#include <KpnThings.h>

template <typename T> static const T &larger(const T &one, const T &other)
{
    return one < other ? other : one;
}

int main()
{
    return larger(KpnThings::TIMEOUT_MS, 1UL) == 30000 && larger<size_t>(KpnThings::PIECE, 1) == 256 ? 0 : 1;
}
