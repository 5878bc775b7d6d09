"""The batch: plans of notebook runs, executed by papermill, each only when what it shows has changed."""

import sys
from typing import Any


def late(name: str, *args: Any) -> Any:
    """Call a function of `execution`, which takes too long to import, with papermill, for all that execute nothing."""
    # A grammar that jsonschema compiles in a second, for a kind of address that no notebook holds.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    from vnegov.batch import execution

    return getattr(execution, name)(*args)
