"""How a person names a session.

Owns the spellings that the command line takes; the API takes an id or a key.
"""

import re
from typing import Final

from api.cli.errors import WrongUsageError
from api.cli.program import typed

_NUMBER: Final = re.compile(r"(?:session-)?([0-9]{1,15})", re.IGNORECASE)
_WORKFLOW: Final = re.compile(r"(?:session-)?([A-Za-z0-9_-]{1,64})")


def session_path(name: str) -> str:
    """The id or key that `name` means: `SESSION-001`, `session-001`, `1`, an id or a workflow's id.

    Raises WrongUsageError.
    """
    numbered = _NUMBER.fullmatch(name)
    if numbered:
        return f"SESSION-{int(numbered[1]):03d}"
    named = _WORKFLOW.fullmatch(name)
    if named is None:
        listing = typed("sessions")
        raise WrongUsageError(f"This is no session; name it like SESSION-001, as `{listing}` lists it.")
    return named[1]
