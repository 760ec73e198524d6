# SPDX-License-Identifier: MIT OR Apache-2.0
# find_package(kpn_things), then target_link_libraries(<yours> PRIVATE kpn_things::kpn_things). Uses the archive that
# fits the compiler's target, or none if no archive fits.
include("${CMAKE_CURRENT_LIST_DIR}/kpn_things-target.cmake")
# What this package has: _kpn_things_include, _kpn_things_targets, and _kpn_things_archive_<target> for each of these.
include("${CMAKE_CURRENT_LIST_DIR}/kpn_things-archives.cmake")

kpn_things_target(_kpn_things_names _kpn_things_problem)
set(_kpn_things_name "")
foreach(_kpn_things_each IN LISTS _kpn_things_names)
  if(_kpn_things_each IN_LIST _kpn_things_targets)
    set(_kpn_things_name "${_kpn_things_each}")
    break()
  endif()
endforeach()
if(_kpn_things_targets STREQUAL "unnamed")
  # Installed from an archive that the user provided: its target is unknown.
  set(_kpn_things_name unnamed)
endif()

if(_kpn_things_name STREQUAL "")
  if(_kpn_things_problem STREQUAL "")
    list(GET _kpn_things_names 0 _kpn_things_first)
    string(REPLACE ";" ", " _kpn_things_list "${_kpn_things_targets}")
    set(_kpn_things_problem "the compiler builds for ${_kpn_things_first}, and this package is for ${_kpn_things_list}")
    unset(_kpn_things_first)
    unset(_kpn_things_list)
  endif()
  set(kpn_things_FOUND FALSE)
  set(kpn_things_NOT_FOUND_MESSAGE "kpn_things: ${_kpn_things_problem}.")
elseif(NOT TARGET kpn_things::kpn_things)
  if(NOT kpn_things_FIND_QUIETLY)
    message(STATUS "kpn_things: archive for ${_kpn_things_name}")
  endif()
  add_library(kpn_things::kpn_things STATIC IMPORTED ${_kpn_things_global})
  set_target_properties(kpn_things::kpn_things PROPERTIES
    IMPORTED_LOCATION "${_kpn_things_archive_${_kpn_things_name}}"
    INTERFACE_INCLUDE_DIRECTORIES "${_kpn_things_include}")
  kpn_things_link_options(kpn_things::kpn_things)
endif()
unset(_kpn_things_each)
unset(_kpn_things_name)
unset(_kpn_things_names)
unset(_kpn_things_problem)
