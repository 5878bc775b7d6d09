"""Reading the processed tables."""

import hashlib
from functools import cache

import pandas as pd

from vnegov import paths
from vnegov.data.schema import TABLES, check
from vnegov.errors import BadTable


def table(name: str) -> pd.DataFrame:
    """A processed table as a DataFrame, with the types and columns of its schema (`schema.TABLES[name]`).

    Each call gives a frame of its own: changing it changes nothing elsewhere. Raises `BadTable` for an unknown
    name (naming those there are), a missing file or a broken schema.
    """
    return _read(name).copy(deep=False)


def read(name: str) -> pd.DataFrame:
    """As `table`, from the file as it is now; it is checked if it is not the one that the last build wrote."""
    if name not in TABLES:
        raise BadTable(f"there is no table {name!r}; there are {', '.join(TABLES)}")
    path, package = paths.PROCESSED / f"{name}.csv", paths.PROCESSED / "datapackage.json"
    if not path.is_file():
        raise BadTable(f"{paths.relative(path)} is not there: run `make data`")
    dtypes = {column: spec.dtype for column, spec in TABLES[name].columns.items()}
    frame = pd.read_csv(path, dtype=dtypes, keep_default_na=False, na_values=[""])
    built = package.read_text(encoding="utf-8") if package.is_file() else ""
    return frame if hashlib.sha256(path.read_bytes()).hexdigest() in built else check(name, frame)


_read = cache(read)
