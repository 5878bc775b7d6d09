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


def scores(candidates: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """The table `scores` from the candidates of all loaders (`loaders.rankings.COLUMNS`).

    `units` (index, edition, n_units) lists the editions that rank another number of provinces than 63 or 34.
    """
    taken = chosen(candidates)
    rows = candidates.loc[taken.index].assign(conflict=taken["conflict"])
    table = rows.groupby(KEY)[["conflict"]].any()
    table = table.join(rows[taken["score"]].set_index(KEY)["score"])
    table = table.join(rows[taken["rank"]].set_index(KEY)[["rank", "rank_basis"]])
    table["source_ids"] = rows.drop_duplicates([*KEY, "source_id"]).groupby(KEY)["source_id"].agg(";".join)
    table = table.reset_index().merge(units[["index", "edition", "n_units"]], "left", on=["index", "edition"])
    table["n_units"] = table["n_units"].fillna(table["geography"].astype("int64")).astype("int64")
    return _compute_ranks(table)[list(TABLES["scores"].columns)]


def chosen(candidates: pd.DataFrame) -> pd.DataFrame:
    """Of which candidates the `score`, and of which the `rank`, is taken, and which are in `conflict` with it.

    Three boolean columns with the index of the candidates; figure by figure (`KEY`), what is taken first.
    """
    register, within = sources.register(), ["corrected", "trust", "published", "source_id"]
    rows = candidates[[*KEY, "score", "decimals", "rank", "source_id"]].assign(
        basis=candidates["rank_basis"].map({name: place for place, name in enumerate(BASES)}).fillna(0),
        derived=candidates["rank_basis"] == "derived",
        corrected=candidates["why"].notna() if "why" in candidates else False,
        trust=candidates["source_id"].map(lambda source: TRUST.index(register[source]["trust"])),
        published=candidates["source_id"].map(lambda source: register[source]["published"] or "9999"),
    )
    rows = rows.sort_values([*KEY, "derived", *within], kind="stable")
    ranked = rows[rows["rank"].notna()].sort_values([*KEY, "basis", *within], kind="stable")
    scored = rows[rows["score"].notna()].astype({"decimals": "float64"})
    first = scored.groupby(KEY)[["score", "decimals", "trust", "derived"]].transform("first")
    coarser = scored["decimals"].clip(upper=first["decimals"])
    agrees = (scored["score"] - first["score"]).abs() <= 0.5 * 10.0**-coarser * (1 + 1e-6)
    peers = scored[agrees & (scored[["trust", "derived"]] == first[["trust", "derived"]]).all(axis=1)]
    longest = peers.sort_values("decimals", ascending=False, kind="stable").drop_duplicates(KEY)
    differs = ranked["rank"] != ranked.groupby(KEY)["rank"].transform("first")
    rows["score"] = rows.index.isin(longest.index)
    rows["rank"] = rows.index.isin(ranked.drop_duplicates(KEY).index)
    rows["conflict"] = rows.index.isin([*scored.index[~agrees], *ranked.index[differs]])
    descending = [True] * len(KEY) + [False, False]
    return rows.sort_values([*KEY, "score", "rank"], ascending=descending, kind="stable")[["score", "rank", "conflict"]]


def _compute_ranks(table: pd.DataFrame) -> pd.DataFrame:
    edition = table.groupby(["index", "edition", "geography", "component"])["score"]
    fill = (edition.transform("count") == table["n_units"]) & table["rank"].isna()
    computed = edition.rank(method="min", ascending=False).astype("Int64")
    basis = table["rank_basis"].mask(fill, "computed").where(table["rank"].notna() | fill)
    return table.assign(rank=table["rank"].mask(fill, computed), rank_basis=basis)
