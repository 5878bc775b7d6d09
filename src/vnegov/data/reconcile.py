"""Several sources for one figure: all are kept in the raw files, one value is chosen, disagreement is marked.

The precedence, written once: a published figure before one inferred from the order of a list, before one
derived from a stated change; one taken as printed before one corrected; then official, dataset, press, seed;
then the older publication, as the nearer to the edition. Where sources of the same standing print one figure
with more or fewer digits, the longer printing is taken. A rank that nobody published is
computed only where every province that the edition ranks has a score.
"""

import pandas as pd

from vnegov.data import sources
from vnegov.data.schema import BASES, TABLES, TRUST

KEY = ["index", "edition", "geography", "province_code", "component"]
WITHIN = ["_trust", "_published", "source_id"]


def scores(candidates: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """The table `scores` from the candidates of all loaders (`loaders.rankings.COLUMNS`).

    `units` (index, edition, n_units) lists the editions that rank another number of provinces than 63 or 34.
    """
    rows = by_precedence(candidates)
    score = _choose_score(rows[rows["score"].notna()])
    rank = _choose_rank(rows[rows["rank"].notna()])
    table = score.join(rank.drop(columns="row"), how="outer")
    table["conflict"] = table["score_conflict"].eq(True) | table["rank_conflict"].eq(True)
    table["source_ids"] = _source_ids(rows, table)
    table = table.reset_index()
    table["n_units"] = _units(table, units)
    return _compute_ranks(table)[list(TABLES["scores"].columns)].sort_values(KEY, ignore_index=True)


def chosen(candidates: pd.DataFrame) -> pd.DataFrame:
    """Of which candidates the score, and of which the rank, is taken: two boolean columns, rows as given."""
    rows = by_precedence(candidates)
    score, rank = _choose_score(rows[rows["score"].notna()]), _choose_rank(rows[rows["rank"].notna()])
    taken = {"score": candidates.index.isin(score["row"]), "rank": candidates.index.isin(rank["row"])}
    return pd.DataFrame(taken, index=candidates.index)


def by_precedence(rows: pd.DataFrame) -> pd.DataFrame:
    """The candidates figure by figure (`KEY`), the first to be chosen first."""
    register = sources.register()
    trust = rows["source_id"].map(lambda source: TRUST.index(register[source]["trust"]))
    published = rows["source_id"].map(lambda source: register[source]["published"] or "9999")
    basis = rows["rank_basis"].map({name: i for i, name in enumerate(BASES)}).fillna(0)
    derived = basis == BASES.index("derived")
    corrected = rows["why"].notna() if "why" in rows else False
    order = rows.assign(
        _basis=basis, _derived=derived, _corrected=corrected, _trust=trust, _published=published, _row=rows.index
    )
    return order.sort_values([*KEY, "_derived", "_corrected", *WITHIN], kind="stable")


def _choose_score(rows: pd.DataFrame) -> pd.DataFrame:
    first = rows.drop_duplicates(KEY).set_index(KEY)[["score", "decimals", "_trust", "_derived", "source_id"]]
    rows = rows.join(first, on=KEY, rsuffix="_first")
    coarser = rows[["decimals", "decimals_first"]].min(axis=1).astype("float64")
    agrees = (rows["score"] - rows["score_first"]).abs() <= 0.5 * 10.0**-coarser * (1 + 1e-6)
    peer = agrees & (rows["_trust"] == rows["_trust_first"]) & (rows["_derived"] == rows["_derived_first"])
    longest = rows[peer].sort_values("decimals", ascending=False, kind="stable").drop_duplicates(KEY).set_index(KEY)
    conflict = (~agrees).groupby([rows[k] for k in KEY]).any()
    return longest[["score"]].assign(score_source=longest["source_id"], score_conflict=conflict, row=longest["_row"])


def _choose_rank(rows: pd.DataFrame) -> pd.DataFrame:
    order = rows.sort_values([*KEY, "_basis", "_corrected", *WITHIN], kind="stable")
    first = order.drop_duplicates(KEY).set_index(KEY)
    conflict = order.groupby(KEY)["rank"].nunique() > 1
    return first[["rank", "rank_basis"]].assign(
        rank_source=first["source_id"], rank_conflict=conflict, row=first["_row"]
    )


def _source_ids(rows: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    chosen = [
        table[field].dropna().rename("source_id").reset_index().assign(_place=place)
        for place, field in enumerate(("score_source", "rank_source"))
    ]
    every = pd.concat([*chosen, rows.assign(_place=2)[[*KEY, "source_id", "_place"]]])
    every = every.sort_values("_place", kind="stable").drop_duplicates([*KEY, "source_id"])
    several = every.duplicated(KEY, keep=False)
    joined = every[several].groupby(KEY)["source_id"].agg(";".join)
    return pd.concat([every[~several].set_index(KEY)["source_id"], joined])


def _units(table: pd.DataFrame, units: pd.DataFrame) -> pd.Series:
    given = table[["index", "edition"]].merge(units, how="left", on=["index", "edition"])["n_units"]
    return given.fillna(table["geography"].astype("int64")).astype("int64")


def _compute_ranks(table: pd.DataFrame) -> pd.DataFrame:
    edition = ["index", "edition", "geography", "component"]
    complete = table.groupby(edition)["score"].transform("count") == table["n_units"]
    computed = table.groupby(edition)["score"].rank(method="min", ascending=False).astype("Int64")
    fill = complete & table["rank"].isna()
    table["rank"] = table["rank"].where(~fill, computed)
    table["rank_basis"] = table["rank_basis"].where(~fill, "computed").where(table["rank"].notna())
    return table
