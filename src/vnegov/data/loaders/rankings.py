"""Rankings: workbooks with one sheet an edition, one row a province (and source), one column a component."""

import re
from dataclasses import dataclass

import pandas as pd

from vnegov import paths
from vnegov.data import numerals, sources
from vnegov.data.loaders import definitions
from vnegov.data.loaders.workbook import ADDRESS, REFUSED, Faults, concat, tables
from vnegov.errors import BadRawFile

NAME = "Tỉnh, thành phố"
OVERALL, OVERALL_RANK, RANK_SUFFIX = "Chỉ số chung", "Xếp hạng", " – hạng"
BASIS, NOTE, SOURCE = "Căn cứ hạng", "Ghi chú", "Nguồn"
BASES = {"công bố": "published", "suy từ thứ tự": "inferred", "suy từ mức tăng giảm": "derived"}
RAW_COLUMNS = [*ADDRESS, "name", "label", "score", "score_column", "rank", "rank_column", "basis", "note", "source_id"]
COLUMNS = [
    "index", "edition", "geography", "province_code", "component", "score", "decimals", "rank", "rank_basis",
    "source_id", "note", "file", "sheet", "row", "score_cell", "rank_cell",
]  # fmt: skip


@dataclass(frozen=True)
class Ranking:
    """The loader of one index; its files are data/raw/<index>/*.xlsx."""

    index: str

    def read(self) -> pd.DataFrame:
        """One row a province, source and component, everything as printed (`RAW_COLUMNS`)."""
        frames = []
        for path in sorted((paths.RAW / self.index).glob("*.xlsx")):
            own = sources.sidecar(path).source_id
            for _, columns, rows in tables(path, NAME):
                frames += list(_components(rows, columns, own))
        return concat(frames, RAW_COLUMNS)

    def tidy(self, raw: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Candidates for `scores` (`COLUMNS`): codes, component ids and numbers in place of what was printed.

        A province named without a score or a rank is `refused`.
        """
        faults = Faults()
        labels = definitions.component_ids(self.index)
        parts = []
        for (file, sheet), rows in raw.groupby(["file", "sheet"], sort=False):
            edition, geography = edition_of(sheet, file)
            rows = rows.assign(index=self.index, edition=edition, geography=geography)
            rows["province_code"] = faults.codes(rows, "name", geography, "B")
            parts.append(rows)
        rows = concat(parts, [*RAW_COLUMNS, "index", "edition", "geography", "province_code"])
        for label in sorted(set(rows["label"]) - set(labels)):
            first = rows[rows["label"] == label].iloc[0]
            cell = f"{first['score_column'] or first['rank_column']}{first['row']}"
            faults.add(first["file"], first["sheet"], cell, label, "a component named in component_labels.csv")
        rows["component"] = rows["label"].map(labels)
        scores = faults.numbers(rows, "score", "score_column", numerals.parse, "a score")
        ranks = faults.numbers(rows, "rank", "rank_column", numerals.rank, "a rank")
        faults.known(rows[rows["basis"].notna()], "basis", BASES)
        faults.known(rows, "source_id", sources.register())
        faults.done()
        rows["score"] = [number.value if number else None for number in scores]
        rows["decimals"] = [number.decimals if number else None for number in scores]
        rows["rank"] = pd.array([rank or None for rank in ranks], dtype="Int64")
        derived = rows["basis"] == "suy từ mức tăng giảm"
        rows["rank_basis"] = rows["basis"].map(BASES).where(rows["rank"].notna() | derived)
        rows.loc[rows["rank"].notna() & rows["rank_basis"].isna(), "rank_basis"] = "published"
        at = rows["row"].astype("str")
        rows["score_cell"] = (rows["score_column"] + at).where(rows["score"].notna())
        rows["rank_cell"] = (rows["rank_column"] + at).where(rows["rank"].notna())
        empty = rows["score"].isna() & rows["rank"].isna()
        refused = rows[empty].assign(cell=None, reason="named without a score or a rank")
        return {
            "scores": rows[~empty][COLUMNS].astype({"score": "float64", "edition": "int64"}),
            "refused": refused.drop(columns="label").rename(columns={"name": "label"})[REFUSED],
        }


def edition_of(sheet: str, file: str) -> tuple[int, str]:
    """Edition and geography that a sheet's name tells: "2022", or "2024 (34 tỉnh)"."""
    found = re.fullmatch(r"(\d{4})( \(34 tỉnh\))?", sheet)
    if not found:
        raise BadRawFile(f"{file}, sheet {sheet!r}: expected the edition as its name, as in '2022' or '2024 (34 tỉnh)'")
    return int(found[1]), "34" if found[2] else "63"


def _components(rows: pd.DataFrame, columns: dict[str, str], own: str | None):
    """The columns of one sheet under one another: a score column, its rank column, or both, for each label."""
    notes = {
        "name": rows[NAME],
        "basis": rows[BASIS] if BASIS in rows else None,
        "note": rows[NOTE] if NOTE in rows else None,
        "source_id": rows[SOURCE] if SOURCE in rows else own,
    }
    heads = [h for h in columns if h not in ("TT", NAME, BASIS, NOTE, SOURCE)]
    labels = dict.fromkeys(OVERALL if h == OVERALL_RANK else h.removesuffix(RANK_SUFFIX) for h in heads)
    for label in labels:
        rank = OVERALL_RANK if label == OVERALL else label + RANK_SUFFIX
        part = rows[ADDRESS].assign(
            label=label,
            score=rows[label] if label in rows else None,
            score_column=columns.get(label),
            rank=rows[rank] if rank in rows else None,
            rank_column=columns.get(rank),
            **notes,
        )
        if label == OVERALL:  # a row without any figure is still a row: a province named without a number
            others = rows.drop(columns=["TT", NAME, BASIS, NOTE, SOURCE, *ADDRESS], errors="ignore")
            yield part[part["score"].notna() | part["rank"].notna() | others.isna().all(axis=1)]
        else:
            yield part[part["score"].notna() | part["rank"].notna()]
