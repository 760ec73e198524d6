# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes this package usable with add_subdirectory and FetchContent as well.
cmake_minimum_required(VERSION 3.16)
set(_kpn_things_global GLOBAL)
include("${CMAKE_CURRENT_LIST_DIR}/lib/cmake/kpn_things/kpn_things-config.cmake")
if(NOT TARGET kpn_things::kpn_things)
  message(FATAL_ERROR "${kpn_things_NOT_FOUND_MESSAGE}")
endif()
