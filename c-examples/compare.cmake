# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs PROGRAM, and fails if it fails or if its output differs from the file EXPECTED.
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE printed RESULT_VARIABLE result)
file(READ "${EXPECTED}" expected)
if(NOT result EQUAL 0 OR NOT printed STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} ended with ${result} and printed\n${printed}\ninstead of\n${expected}")
endif()
