"""How Vietnam's provinces rank in e-government, and whether their online public services are really used.

`table(name)` gives each processed table; `standardize(names)` turns province names into codes. The rest is in
`vnegov.metrics`, `vnegov.charts` and `vnegov.batch`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vnegov.data.case import Case, EditionCase, YearCase, case, edition_case, year_case
    from vnegov.data.provinces import standardize
    from vnegov.data.tables import table

__all__ = ["Case", "EditionCase", "YearCase", "case", "edition_case", "standardize", "table", "year_case"]
_HOMES = {
    "Case": "case",
    "EditionCase": "case",
    "YearCase": "case",
    "case": "case",
    "edition_case": "case",
    "standardize": "provinces",
    "table": "tables",
    "year_case": "case",
}
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """Import on first use, so that `import vnegov` and the command line start at once."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"vnegov.data.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'vnegov' has no attribute {name!r}")
