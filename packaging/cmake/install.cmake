# SPDX-License-Identifier: MIT OR Apache-2.0
# Where `cmake --install` puts files: the layout of the packages, with files for find_package and pkg-config.
include(GNUInstallDirs)
set(_kpn_things_cmake "${CMAKE_INSTALL_LIBDIR}/cmake/kpn_things")
set(_kpn_things_generated "${CMAKE_CURRENT_BINARY_DIR}/install")

# The folders may be moved together, so each finds the others relative to itself.
file(RELATIVE_PATH _kpn_things_from_cmake
  "${CMAKE_INSTALL_FULL_LIBDIR}/cmake/kpn_things" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
file(RELATIVE_PATH _kpn_things_from_pc "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")

set(_kpn_things_for "${kpn_things_name}")
if(KPN_THINGS_RUST_TARGET)
  set(_kpn_things_for unnamed)
  foreach(name IN LISTS _kpn_things_known)
    if(_kpn_things_triple_${name} STREQUAL KPN_THINGS_RUST_TARGET)
      set(_kpn_things_for "${name}")
    endif()
  endforeach()
endif()
if(NOT _kpn_things_for)
  set(_kpn_things_for unnamed)
endif()
file(WRITE "${_kpn_things_generated}/kpn_things-archives.cmake"
  "get_filename_component(_kpn_things_include \"\${CMAKE_CURRENT_LIST_DIR}/${_kpn_things_from_cmake}\" ABSOLUTE)\n"
  "set(_kpn_things_targets ${_kpn_things_for})\n"
  "set(_kpn_things_archive_${_kpn_things_for} \"\${CMAKE_CURRENT_LIST_DIR}/../../libkpn_things.a\")\n")

set(KPN_THINGS_VERSION "${PROJECT_VERSION}")
set(KPN_THINGS_MAJOR "${PROJECT_VERSION_MAJOR}")
set(KPN_THINGS_PC_INCLUDE "\${pcfiledir}/${_kpn_things_from_pc}")
foreach(file IN ITEMS kpn_things-config-version.cmake kpn_things.pc)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/${file}.in" "${_kpn_things_generated}/${file}" @ONLY)
endforeach()

install(FILES "${kpn_things_archive}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES include/kpn_things.h DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(FILES LICENSE-MIT LICENSE-APACHE THIRD-PARTY-NOTICES CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES packaging/cmake/kpn_things-config.cmake packaging/cmake/kpn_things-target.cmake
  "${_kpn_things_generated}/kpn_things-archives.cmake" "${_kpn_things_generated}/kpn_things-config-version.cmake"
  DESTINATION "${_kpn_things_cmake}")
install(FILES "${_kpn_things_generated}/kpn_things.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
