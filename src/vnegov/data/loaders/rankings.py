"""Rankings: one sheet an edition, one row a province (and source), one column a component, or two with its rank.

A CSV file is a panel: it has a column `edition`, the codes of the provinces, and the ids of components as heads.
"""

from dataclasses import dataclass

import pandas as pd

from vnegov import paths
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, Faults, tables

NAME, OVERALL_RANK, RANK_SUFFIX, NOTE = "Tỉnh, thành phố", "Xếp hạng", " – hạng", "Ghi chú"
OWN = ["edition", "province_code", "rank_basis", "note", "source_id"]
FIGURE = ["source_id", "note", *ADDRESS, "score_cell", "rank_cell", "decimals"]
COLUMNS = ["index", "edition", "geography", "province_code", "component", "score", "rank", "rank_basis", *FIGURE]


@dataclass(frozen=True)
class Ranking:
    """The loader of one index; its files are data/raw/<index>/*.xlsx and *.csv."""

    index: str

    def read(self) -> pd.DataFrame:
        """One row a province, edition and source, everything as printed."""
        files = sorted(path for path in (paths.RAW / self.index).glob("*") if path.suffix in (".xlsx", ".csv"))
        rows = tables(files, NAME)
        return rows.assign(**{column: None for column in OWN if column not in rows})

    def tidy(self, raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Candidates for `scores` (`COLUMNS`): codes, component ids and numbers in place of what was printed.

        A province named without a score or a rank is `refused`. The `overall` score of PAPI is TOTAL6 until
        2017, and TOTAL8 since 2018, when D7 and D8 began.
        """
        faults, told = Faults(), raw["sheet"].str.extract(r"^(\d{4})( \(34 tỉnh\))?$")
        rows = raw.assign(
            index=self.index,
            edition=raw["edition"].fillna(told[0]),
            geography=told[1].notna().map({True: "34", False: "63"}),
        )
        for row in rows[rows["edition"].isna()].drop_duplicates(ADDRESS[:2]).to_dict("records"):
            named = "the edition as the name of the sheet, as 2022 or 2024 (34 tỉnh)"
            faults.add(row["file"], row["sheet"], "A1", row["sheet"], named)
        faults.done()
        heads = [head for head in raw if head not in (*OWN, *ADDRESS, "at", "TT")]
        printed = pd.concat(
            [_figures(rows, label) for label in dict.fromkeys(head.removesuffix(RANK_SUFFIX) for head in heads)],
            ignore_index=True,
        )
        figures = faults.tidy("scores", printed, *FIGURE, component=definitions.component_ids(self.index))
        refused = rows[rows[heads].isna().all(axis=1)]
        faults.tidy("scores", refused[["geography", "province_code", "at", *ADDRESS]])  # a name is checked all the same
        faults.done()
        given = figures["rank_basis"].fillna("published").where(figures["rank"].notna())
        figures["rank_basis"] = given.fillna(figures["rank_basis"].where(figures["rank_basis"] == "derived"))
        whole = figures["edition"].gt(2017).map({True: "TOTAL8", False: "TOTAL6"}) == figures["component"]
        refused = refused.rename(columns={"province_code": "label"})
        return {
            "scores": pd.concat([figures, figures[whole].assign(component="overall")], ignore_index=True),
            "refused": refused.assign(cell=None, reason="named without a score or a rank")[REFUSED],
        }


def _figures(rows: pd.DataFrame, label: str) -> pd.DataFrame:
    """The scores and ranks of one component; `at` leads to their columns."""
    heads = {"score": label, "rank": label + RANK_SUFFIX}
    rows = rows.assign(component=label, **{field: rows.get(head) for field, head in heads.items()})
    rows = rows[rows["score"].notna() | rows["rank"].notna()]
    letters = [{field: at[head] for field, head in heads.items() if head in at} for at in rows["at"]]
    pairs = zip(rows["at"], letters, strict=True)
    return rows.assign(at=[at | {"component": next(iter(own.values()))} | own for at, own in pairs])
