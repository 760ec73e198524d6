# SPDX-License-Identifier: MIT OR Apache-2.0
# A translation unit that lays out the structs of the header differently must not compile, since an archive writes as many bytes as it was
# compiled for. Run with -D: COMPILER, FLAGS (a list), LANGUAGE (c or c++), STANDARD, INCLUDE, FOLDER.
set(source "${FOLDER}/misuse.${LANGUAGE}.${STANDARD}")

# compile(<text in front of the include> <flags>...): sets `result` and `output`.
function(compile before)
  file(WRITE "${source}" "#include <stdbool.h>\n${before}\n#include \"kpn_things.h\"\n")
  execute_process(
    COMMAND "${COMPILER}" ${FLAGS} -x "${LANGUAGE}" "-std=${STANDARD}" ${ARGN} -fsyntax-only -I "${INCLUDE}" -DKPN_POSIX "${source}"
    RESULT_VARIABLE code OUTPUT_VARIABLE text ERROR_VARIABLE text)
  set(result "${code}" PARENT_SCOPE)
  set(output "${text}" PARENT_SCOPE)
endfunction()

function(expect_refused by before)
  compile("${before}" ${ARGN})
  if(result EQUAL 0)
    message(SEND_ERROR "${LANGUAGE} ${STANDARD} compiles: ${before} ${ARGN}")
  elseif(NOT output MATCHES "${by}")
    message(SEND_ERROR "${LANGUAGE} ${STANDARD}: ${before} ${ARGN}: not refused by an assert, but:\n${output}")
  endif()
endfunction()

function(expect_accepted before)
  compile("${before}" ${ARGN})
  if(NOT result EQUAL 0)
    message(SEND_ERROR "${LANGUAGE} ${STANDARD}: ${before} ${ARGN}: refused:\n${output}")
  endif()
endfunction()

expect_accepted("" -Wall -Wextra -Wpedantic -Wconversion -Werror)
expect_accepted("#pragma pack(16)")
expect_accepted("" -fshort-enums)
foreach(bytes IN ITEMS 1 2)
  foreach(object IN ITEMS kpn_uplink kpn_response kpn_record kpn_downlink kpn_queue kpn_firmware kpn_stream kpn_token kpn_config kpn_span kpn_posix)
    expect_refused("align_of_${object}" "#pragma pack(${bytes})")
    expect_refused("align_of_${object}" "" "-fpack-struct=${bytes}")
  endforeach()
endforeach()
expect_refused("size_of_kpn_uplink" "" -fpack-struct)
expect_refused("offset_of_kpn_config_problem_position" "#define reason reason, more")
expect_refused("size_of_bool" "#undef bool\n#define bool int")
expect_refused("size_of_size_t" "#define size_t unsigned char")

# It makes no difference how a 32-bit machine aligns 64-bit integers.
compile("#if !defined(__i386__)\n#error other\n#endif")
if(result EQUAL 0)
  expect_accepted("" -malign-double)
  expect_accepted("" -mno-align-double)
endif()
compile("#if __SIZEOF_POINTER__ != 8\n#error other\n#endif")
if(result EQUAL 0)
  expect_refused("align_of_kpn_uplink" "#pragma pack(4)")
endif()
