/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The library itself, for every board without an archive in this folder. Where Arduino links an archive, this file is empty: the archives are
 * smaller there.
 */
#if defined(ARDUINO_ARCH_SAMD) && defined(__ARM_ARCH_6M__)
#define KPN_THINGS_IS_AN_ARCHIVE
#elif defined(ARDUINO_ARCH_MBED_NANO) && defined(__ARM_ARCH_7EM__) && !defined(__ARM_PCS_VFP)
#define KPN_THINGS_IS_AN_ARCHIVE
#endif

#ifdef KPN_THINGS_IS_AN_ARCHIVE
typedef int kpn_things_is_an_archive; /* since a file without anything is no C */
#else
#include "source/kpn_things.inc"
#endif
