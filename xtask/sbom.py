# SPDX-License-Identifier: MIT OR Apache-2.0
"""Judges bills of materials by other people's validators: sbom.py FILE..."""

import logging
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

logging.disable(logging.CRITICAL)


def problems(path):
    if path.endswith(".spdx.json"):
        return [message.validation_message for message in validate_full_spdx_document(parse_file(path))]
    with open(path, encoding="utf-8") as file:
        problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(file.read())
    return [problem] if problem else []


failed = False
for argument in sys.argv[1:]:
    for problem in problems(argument):
        print(f"{argument}: {problem}", file=sys.stderr)
        failed = True
sys.exit(1 if failed else 0)
