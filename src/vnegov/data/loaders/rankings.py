"""Rankings: one sheet an edition, one row a province (and source), one column a component, or two with its rank.

A CSV file is a panel: it has a column `edition`, the codes of the provinces, and the ids of components as heads.
"""

from dataclasses import dataclass

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, WORDS, Faults, cells, tables, typed

NAME, OVERALL, OVERALL_RANK, RANK_SUFFIX, NOTE = "Tỉnh, thành phố", "Chỉ số chung", "Xếp hạng", " – hạng", "Ghi chú"
HEADS = WORDS["heads"]["rankings"]
COLUMNS = [
    "index", "edition", "geography", "province_code", "component", "score", "decimals", "rank", "rank_basis",
    "source_id", "note", *ADDRESS, "score_cell", "rank_cell",
]  # fmt: skip


@dataclass(frozen=True)
class Ranking:
    """The loader of one index; its files are data/raw/<index>/*.xlsx and *.csv."""

    index: str

    def read(self) -> pd.DataFrame:
        """One row a province, edition and source, everything as printed."""
        files = sorted(path for path in (paths.RAW / self.index).glob("*") if path.suffix in (".xlsx", ".csv"))
        return tables(files, NAME, HEADS)

    def tidy(self, raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Candidates for `scores` (`COLUMNS`): codes, component ids and numbers in place of what was printed.

        A province named without a score or a rank is `refused`. The `overall` score of PAPI is TOTAL6 until
        2017, and TOTAL8 since 2018, when D7 and D8 began.
        """
        faults = Faults()
        rows = _placed(raw.assign(index=self.index), faults)
        heads = [
            head for head in raw.columns if head not in {*HEADS.values(), *ADDRESS, "at"} - {OVERALL + RANK_SUFFIX}
        ]
        parts = [_figures(rows, label) for label in dict.fromkeys(head.removesuffix(RANK_SUFFIX) for head in heads)]
        figures = pd.concat(parts, ignore_index=True)
        ids = definitions.component_ids(self.index)
        faults.known(figures.drop_duplicates("label"), "label", ids)
        numbers = faults.read(figures, "score", numerals.score, "a score")
        figures["rank"] = faults.read(figures, "rank", numerals.rank, "a rank")
        faults.done()
        figures["component"] = figures["label"].map(ids)
        figures["score"], figures["decimals"] = numbers.str[0], numbers.str[1]
        given = figures["rank_basis"].fillna("published").where(figures["rank"].notna())
        figures["rank_basis"] = given.fillna(figures["rank_basis"].where(figures["rank_basis"] == "derived"))
        whole = figures["edition"].gt(2017).map({True: "TOTAL8", False: "TOTAL6"}) == figures["component"]
        figures = pd.concat([figures, figures[whole].assign(component="overall")], ignore_index=True)
        refused = rows[rows[heads].isna().all(axis=1)].rename(columns={"name": "label"})
        return {
            "scores": typed("scores", figures, *COLUMNS),
            "refused": refused.assign(cell=None, reason="named without a score or a rank")[REFUSED],
        }


def _placed(rows: pd.DataFrame, faults: Faults) -> pd.DataFrame:
    """Edition and geography, as a sheet's name tells them ("2022", "2024 (34 tỉnh)"), province, basis and source."""
    told = rows["sheet"].str.extract(r"^(\d{4})( \(34 tỉnh\))?$")
    rows["edition"] = pd.to_numeric(rows["edition"].fillna(told[0]))
    for sheet in rows[rows["edition"].isna()].drop_duplicates(ADDRESS[:2])[ADDRESS].to_dict("records"):
        faults.add(
            sheet["file"], sheet["sheet"], "A1", sheet["sheet"], "the edition as its name, as 2022 or 2024 (34 tỉnh)"
        )
    rows["geography"] = told[1].notna().map({True: "34", False: "63"})
    rows["province_code"] = faults.codes(rows, "name")
    rows["rank_basis"] = faults.known(rows, "rank_basis", WORDS["bases"], needed=False)
    rows["source_id"] = faults.known(rows, "source_id", list(sources.register()))
    return rows


def _figures(rows: pd.DataFrame, label: str) -> pd.DataFrame:
    """The scores and ranks of one component; `at` leads to their columns."""
    heads = {"score": label, "rank": label + RANK_SUFFIX}
    rows = rows.assign(label=label, **{field: rows.get(head) for field, head in heads.items()})
    rows = rows[rows["score"].notna() | rows["rank"].notna()]
    letters = [{field: at[head] for field, head in heads.items() if head in at} for at in rows["at"]]
    rows = rows.assign(at=[at | {"label": next(iter(at.values()))} for at in letters])
    return rows.assign(score_cell=cells(rows, "score"), rank_cell=cells(rows, "rank"))
