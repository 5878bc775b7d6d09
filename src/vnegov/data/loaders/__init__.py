"""One loader a kind of publication: `read()` gives what stands in the raw files, `tidy(raw)` what it means.

`read` changes nothing that was printed and keeps the address of each cell; `tidy` turns names into codes,
labels into ids and printed numbers into numbers, and returns candidate rows by the table they belong to.
"""

from typing import Any, Protocol

import pandas as pd


class Loader(Protocol):
    """The one shape of all loaders."""

    def read(self) -> Any:
        """The raw files, as printed."""

    def tidy(self, raw: Any) -> dict[str, pd.DataFrame]:
        """Candidate rows: table name → rows."""


def all_loaders() -> list[Loader]:
    """Every loader, in a fixed order."""
    from vnegov.data.loaders import agencies, aggregates, definitions, forms, observations
    from vnegov.data.loaders.rankings import Ranking
    from vnegov.data.schema import INDICES

    return [definitions, *map(Ranking, INDICES), observations, forms, agencies, aggregates]
