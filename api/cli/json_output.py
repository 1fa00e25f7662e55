"""Answers for machines.

Owns their form: ASCII, so that whatever stands in a text cannot drive a terminal.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any


def write_json(value: Mapping[str, Any]) -> None:
    """One object in one line."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()
