"""What does not add up in the published figures: one rule a function, from frames to findings (`FOUND`).

An error is a statement that cannot be true as printed; a warning, figures that disagree or look odd; a note,
what rounding or a correction leaves behind. `unsettled` are the errors neither corrected nor explained.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from vnegov.data import numerals, reconcile
from vnegov.data.corrections import MEMORY
from vnegov.data.loaders import definitions
from vnegov.data.reconcile import KEY
from vnegov.data.schema import SEVERITIES, TABLES, TRUST

FOUND = ["severity", "table", "key", "stated", "computed", "source_ids"]
ADDITIVE = ("papi", "svc766")  # indices whose score is the sum of its components
ROUNDING = 0.01  # how far such a sum may be off for digits that were cut
JUMP = 5.0  # robust standard deviations of an index's yearly changes
COMPLETE = 0.9  # share of the provinces that must be known in both years of a change
GROUP = ["table", "index", "edition", "geography", "place", "part"]
UNIT = ["index", "edition", "geography", "place", "unit", "part"]
AGENCY = ["index", "year", "geography", "province_code", "agency"]
REPORT = ["geography", "province_code", "period_start", "period_end", "source_id"]
STATE = ["geography", "province_code", "scope", "agency", "indicator", "period_start", "period_end"]
OBSERVED = [*STATE, "value", "source_id"]
MEAN = ["index", "edition", "geography", "region", "component"]
SERIES = ["index", "edition", "geography", "component"]
PRINTED = "{qualifier} {value} {unit}"  # of an observation: "over 500 items"


def audit(tables: Mapping[str, pd.DataFrame], found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The table `audit`: every rule over the processed `tables` and the candidates that were `found`."""
    scores, observations, aggregates = tables["scores"], tables["observations"], tables["aggregates"]
    old = tables["provinces"][tables["provinces"]["geography"] == "63"]
    by_others = ranked(scores, tables["agencies"])
    rules = {
        "rank_order": rank_order(by_others),
        "shared_rank": shared_rank(by_others),
        "rank_range": rank_range(by_others),
        "stated_change": stated_change(found["scores"], scores, found["agencies"]),
        "sources_disagree": sources_disagree(found["scores"], observations, aggregates),
        "parts_sum": parts_sum(observations, definitions.lines("parts")),
        "numerator_above": numerator_above(observations),
        "share_of_counts": share_of_counts(observations),
        "unit_mismatch": unit_mismatch(observations, definitions.lines("results")),
        "components_sum": components_sum(scores, tables["components"]),
        "merger_mean": merger_mean(scores, old),
        "published_mean": published_mean(scores, aggregates, old),
        "series_jump": series_jump(scores, tables["breaks"]),
    }
    findings = pd.concat([rows.assign(rule=name) for name, rows in rules.items()], ignore_index=True)
    findings = findings.drop_duplicates(list(TABLES["audit"].key))
    rows = pd.concat([explained(findings, definitions.lines("explanations")), corrected(found["scores"])])
    rows = rows.assign(place=rows["severity"].map(SEVERITIES.index))
    return rows.sort_values(["place", "rule", "table", "key"])[list(TABLES["audit"].columns)].astype("str")


def explained(findings: pd.DataFrame, explanations: pd.DataFrame) -> pd.DataFrame:
    """The findings with the first explanation whose rule and key pattern (`*` and `?`, as in file names) fit."""
    texts: list[dict] = []
    for rule, key in zip(findings["rule"], findings["key"], strict=True):
        lines = explanations[explanations["rule"] == rule].to_dict("records")
        texts.append(next((line for line in lines if fnmatchcase(key, line["key"])), {}))
    return findings.assign(**{name: [text.get(name) for text in texts] for name in ("explanation", "explanation_vi")})


def unsettled(rows: pd.DataFrame) -> pd.DataFrame:
    """The errors of an audit table that are neither corrected nor explained."""
    return rows[(rows["severity"] == "error") & rows["explanation"].isna()]


def report(rows: pd.DataFrame, severities: Collection[str] = SEVERITIES, most: int | None = 5) -> list[str]:
    """Findings of these severities to be read in a terminal, at most so many of each rule, and counts of all."""
    told = []
    shown = rows[rows["severity"].isin(list(severities))]
    for (severity, rule), found in shown.groupby(["severity", "rule"], sort=False):
        told.append(f"{severity}  {rule} ({len(found)})")
        for row in found[:most].to_dict("records"):
            told.append(f"  {row['table']} {row['key']}: {row['stated']} | {row['computed']}")
            told += [f"      {row['explanation']}"] if pd.notna(row["explanation"]) else []
        told += [f"  and {len(found[most:])} more"] if most and len(found) > most else []
    counts = [f"{(rows['severity'] == severity).sum()} {severity}s" for severity in SEVERITIES]
    return [*told, f"{', '.join(counts)}; {len(unsettled(rows))} errors neither corrected nor explained"]


def corrected(found: pd.DataFrame) -> pd.DataFrame:
    """A note for each candidate that was corrected, with the reason."""
    rows = found.reindex(columns=found.columns.union(MEMORY, sort=False)).dropna(subset=["why"])
    notes = _findings(rows, "scores", [*KEY, "source_id"], "{stated}", "{corrected}", "note")
    return notes.assign(rule="corrected", explanation=rows["why"], explanation_vi=rows["why_vi"])


def ranked(scores: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """What others ranked, provinces and agencies alike: one row a unit, in groups (`GROUP`) that share a ranking."""
    of_provinces = scores.assign(table="scores", place="", unit=scores["province_code"], part=scores["component"])
    names = {"province_code": "place", "agency": "unit", "group": "part", "year": "edition", "source_id": "source_ids"}
    of_agencies = agencies.rename(columns=names).assign(table="agencies", n_units=float("nan"))
    columns = [*GROUP, "unit", "score", "rank", "rank_basis", "n_units", "source_ids"]
    rows = pd.concat([of_provinces[columns], of_agencies[columns]], ignore_index=True)
    return rows[rows["rank"].notna() & (rows["rank_basis"] != "computed")].astype({"rank": "int64"})


def rank_order(rows: pd.DataFrame) -> pd.DataFrame:
    """A worse rank than another's with a better score. `rows` as `ranked` gives them, here and below."""
    rows = rows[rows["score"].notna()].sort_values([*GROUP, "rank", "score"], ascending=[True] * 7 + [False])
    above = rows.groupby(GROUP)[["unit", "score", "rank", "rank_basis"]].shift()
    rows = rows.join(above.add_suffix("_above"))
    rows = rows[(rows["rank"] > rows["rank_above"]) & (rows["score"] > rows["score_above"])]
    published = (rows["rank_basis"] == "published") & (rows["rank_basis_above"] == "published")
    computed = "rank {rank_above} ({unit_above}) has {score_above}"
    return _findings(
        rows, rows["table"], UNIT, "rank {rank} with {score}", computed, np.where(published, "error", "warning")
    )


def shared_rank(rows: pd.DataFrame) -> pd.DataFrame:
    """One rank for several units whose scores differ; or are not all known, while the next rank is taken too."""
    rows = rows.assign(published=rows["rank_basis"] == "published", n=1)
    taken = rows.groupby([*GROUP, "rank"])
    scores = taken["score"].agg(["count", "min", "max"])
    taken = taken.agg({"unit": "+".join, "source_ids": ";".join, "published": "all", "n": "sum"})
    taken = taken.join(scores).reset_index()
    differ = taken["max"] > taken["min"]
    followed = taken.groupby(GROUP)["rank"].shift(-1) == taken["rank"] + 1
    taken["severity"] = np.where(differ & taken["published"], "error", "warning")
    found = taken[differ | (followed & (taken["n"] > 1) & (taken["count"] < taken["n"]))]
    computed = "{count} of {n} scores known, {min} to {max}"
    return _findings(found, found["table"], UNIT, "rank {rank}", computed, found["severity"])


def rank_range(rows: pd.DataFrame) -> pd.DataFrame:
    """A rank below the last."""
    rows = rows[rows["rank"] > rows["n_units"]]
    return _findings(rows, rows["table"], UNIT, "rank {rank}", "1 to {n_units}", "error")


def stated_change(found: pd.DataFrame, scores: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """A stated rise or fall that does not lead from the one known rank, or score, to the other.

    A derived candidate in `found` is what a stated change gives for the year before; `agencies` (candidates)
    carry the change as printed.
    """
    derived = found[found["rank_basis"] == "derived"].merge(scores, on=KEY, suffixes=("", "_taken"))
    parts = []
    for field, slack in (("score", 1.5 * 10.0 ** -derived["decimals"].astype("float64")), ("rank", 0.5)):
        gap = (derived[field] - derived[f"{field}_taken"]).abs().astype("float64")
        rows = derived[gap > slack]
        stated, computed = f"{field} {{{field}}} by a stated change", f"{field} {{{field}_taken}}"
        severity = np.where(rows["rank_basis_taken"].eq("published") & (field == "rank"), "error", "warning")
        parts.append(_findings(rows, "scores", [*KEY, "source_id"], stated, computed, severity))
    before = agencies[[*AGENCY, "rank"]].assign(year=agencies["year"] + 1)
    moves = agencies[agencies["change"].notna()].merge(before, on=AGENCY, suffixes=("", "_before"))
    moves["moved"] = moves["rank_before"] - moves["rank"]
    moves = moves[moves["moved"] != moves["change"]]
    computed = "{moved:+}, from rank {rank_before} to {rank}"
    return pd.concat([*parts, _findings(moves, "agencies", AGENCY, "{change:+}", computed, "error")])


def sources_disagree(found: pd.DataFrame, observed: pd.DataFrame, aggregates: pd.DataFrame) -> pd.DataFrame:
    """A source that prints another figure than the one taken, beyond rounding; and by how much."""
    taken, printed = reconcile.chosen(found), found["rank_basis"] != "derived"
    parts = []
    for field, key in (("score", KEY), ("rank", [*KEY, "what"])):
        rows = found.assign(value=found[field], what=field, later=~taken[field])[printed]
        parts.append(_disagreement(rows.sort_values("later", kind="stable"), "scores", key))
    exact = observed[observed["qualifier"].isin(["exact", "target"])]
    parts.append(_disagreement(exact, "observations", [*STATE, "qualifier"]))
    parts.append(_disagreement(aggregates.assign(value=aggregates["score"]), "aggregates", MEAN))
    return pd.concat(parts)


def _disagreement(rows: pd.DataFrame, table: str, same: list[str]) -> pd.DataFrame:
    rows = rows[rows["value"].notna()].astype({"value": "float64"})
    first = rows.groupby(same, dropna=False)[["value", "source_id"]].transform("first")
    rows = rows.join(first.add_suffix("_first"))[rows["value"] != first["value"]]
    gap = rows["value_first"] - rows["value"]
    digit = 10.0 ** -np.minimum(_decimals(rows["value"]), _decimals(rows["value_first"]))
    near = (digit < 1) & (gap.abs() <= digit * (1 + 1e-6))
    rows = rows.assign(gap=gap, severity=np.where(near, "note", "warning"))
    rows = rows.assign(source_ids=rows["source_id"] + ";" + rows["source_id_first"])
    rows = rows[gap.abs() > 0.5 * digit * (1 + 1e-6)]
    return _findings(rows, table, [*same, "source_id"], "{value}", "{value_first} ({gap:+})", rows["severity"])


def parts_sum(observations: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Parts that do not make the total stated in the same report. `parts`: total, way, part (a total may be
    made of parts in several ways); a report that gives a part twice, differently, is passed over.
    """
    figures = observations.drop_duplicates([*REPORT, "indicator", "value"])
    figures = figures[~figures.duplicated([*REPORT, "indicator"], keep=False)]
    each = parts.merge(figures, left_on="part", right_on="indicator").groupby([*REPORT, "total", "way"], dropna=False)
    sums = each["value"].agg(["size", "sum"]).reset_index()
    sums = sums.merge(parts.groupby(["total", "way"], as_index=False).size())
    rows = figures.merge(sums, left_on=[*REPORT, "indicator"], right_on=[*REPORT, "total"])
    places = np.maximum(_decimals(rows["sum"]), _decimals(rows["value"]))
    slack = (0.5 * (rows["size"] + 1) * 10.0**-places).where(places > 0, 0)
    rows = rows[(rows["sum"] - rows["value"]).abs() > slack + 1e-9]
    severity = np.where(~_allowed(rows["qualifier"], rows["value"], rows["sum"]), "error", "warning")
    return _findings(rows, "observations", OBSERVED, PRINTED, "{sum}, the sum of {size} parts", severity)


def numerator_above(observations: pd.DataFrame) -> pd.DataFrame:
    """More than there can be: a numerator, or a count, a rank or points, above the denominator."""
    count = observations["value"].where(observations["unit"] != "percent")
    rows = observations[np.fmax(observations["numerator"], count) > observations["denominator"]]
    return _findings(rows, "observations", OBSERVED, PRINTED, "of {denominator}", "error")


def share_of_counts(observations: pd.DataFrame) -> pd.DataFrame:
    """A printed share that is not its printed numerator over its printed denominator."""
    rows = observations[observations["unit"] == "percent"].dropna(subset=["numerator", "denominator"])
    share, digit = 100 * rows["numerator"] / rows["denominator"], 10.0 ** -_decimals(rows["value"])
    gap = (share - rows["value"]).abs()
    rows = rows.assign(share=share.round(3), severity=np.where(gap > digit, "error", "note"))
    rows = rows[~_allowed(rows["qualifier"], rows["value"], share) & (gap > 0.5 * digit)]
    computed = "{share} percent, {numerator} of {denominator}"
    return _findings(rows, "observations", OBSERVED, PRINTED, computed, rows["severity"])


def unit_mismatch(observations: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """A target in one unit whose result, of the same year, is in another. `results`: target, result."""
    rows = observations.assign(year=observations["period_end"].str[:4])
    is_target, same = rows["qualifier"] == "target", ["geography", "province_code", "year", "result"]
    targets = rows[is_target].merge(results, left_on="indicator", right_on="target")
    pairs = targets.merge(rows[~is_target].assign(result=rows["indicator"]), on=same, suffixes=("", "_result"))
    pairs = pairs[pairs["unit"] != pairs["unit_result"]]
    return _findings(pairs, "observations", OBSERVED, PRINTED, "result {value_result} {unit_result}", "error")


def components_sum(scores: pd.DataFrame, components: pd.DataFrame) -> pd.DataFrame:
    """A score that is not the sum of its components, where the index is a sum (`ADDITIVE`) and all are known."""
    rows = scores[scores["index"].isin(ADDITIVE)]
    parts = rows.merge(components.dropna(subset=["parent"]), on=["index", "component"])
    in_force = parts["edition"].between(parts["first_edition"].fillna(0), parts["last_edition"].fillna(9999))
    parts = parts[in_force].drop(columns="component").rename(columns={"parent": "component"})
    sums = parts.groupby(KEY)["score"].agg(["count", "sum"])
    most = sums.groupby(["index", "edition", "component"])["count"].transform("max")
    rows = rows.join(sums[sums["count"] == most], on=KEY, how="inner")
    rows = rows[(rows["score"] - rows["sum"]).abs() > ROUNDING]
    return _findings(rows, "scores", KEY, "{score}", "{sum}, the sum of {count} components", "error")


def merger_mean(scores: pd.DataFrame, provinces: pd.DataFrame) -> pd.DataFrame:
    """An official score of one of the 34 that is not the mean of those of the 63 (`provinces`) it was made of."""
    rows, members = scores[scores["geography"] == "34"], provinces.assign(group=provinces["successor_code"])
    return _off_mean(rows.assign(group=rows["province_code"]), scores, members, "scores", KEY, "error")


def published_mean(scores: pd.DataFrame, aggregates: pd.DataFrame, provinces: pd.DataFrame) -> pd.DataFrame:
    """A published national or regional mean that is not the mean of the provinces, where all are known."""
    regions = pd.concat([provinces.assign(group=provinces["region"]), provinces.assign(group="VN")])
    rows, key = aggregates.assign(group=aggregates["region"]), [*MEAN, "source_id"]
    return _off_mean(rows, scores, regions, "aggregates", key, "warning")


def _off_mean(
    rows: pd.DataFrame, scores: pd.DataFrame, members: pd.DataFrame, table: str, key: list[str], severity: str
) -> pd.DataFrame:
    """Those of `rows` whose score is not the mean of their group's members (code, group), all of them known."""
    cell = ["index", "edition", "component", "group"]
    members = members.rename(columns={"code": "province_code"})[["province_code", "group"]]
    means = scores[scores["geography"] == "63"].merge(members, on="province_code").groupby(cell)["score"]
    means = means.agg(["mean", "count"]).reset_index()
    rows = rows.merge(means[means["count"] == means["group"].map(members["group"].value_counts())], on=cell)
    digits = _decimals(rows["score"]).groupby(rows["index"]).transform("max")  # 0.7 stands for 0.7000
    rows = rows[(rows["score"] - rows["mean"]).abs() > 10.0**-digits]
    return _findings(rows, table, key, "{score}", "{mean}, the mean of {count} provinces", severity)


def series_jump(scores: pd.DataFrame, breaks: pd.DataFrame) -> pd.DataFrame:
    """A mean over provinces that moves from one edition to the next as none of its index does, without a break.

    The move is measured in standard deviations between provinces, and held against the median of the index's
    moves by their median absolute deviation (times 1.4826, as for a normal distribution).
    """
    known = scores.dropna(subset=["score"])
    before = known[[*KEY, "score"]].assign(edition=known["edition"] + 1)
    pairs = known.merge(before, on=KEY, suffixes=("", "_before")).groupby(SERIES)
    moves = pairs.agg(
        n=("score", "size"), now=("score", "mean"), was=("score_before", "mean"), source_ids=("source_ids", "first")
    )
    moves["shift"] = (moves["now"] - moves["was"]) / pairs["score_before"].std()
    moves = moves.reset_index()
    moves = moves[moves["n"] >= COMPLETE * moves["geography"].astype("int64")]
    off = (moves["shift"] - moves.groupby("index")["shift"].transform("median")).abs()
    usual = 1.4826 * off.groupby(moves["index"]).transform("median")
    rows = moves[off > JUMP * usual].merge(breaks.drop(columns="source_id"), how="left")
    return _findings(rows[rows["why"].isna()], "scores", SERIES, "mean {now}", "{was} the edition before", "warning")


def coverage_markdown(scores: pd.DataFrame) -> str:
    """How many provinces have an overall score / a rank, as a Markdown table: editions down, indices across."""
    rows = scores[scores["component"] == "overall"].astype({"edition": "int64"})
    rows = rows.assign(series="`" + rows["index"] + "`" + rows["geography"].map({"63": "", "34": " (34)"}))
    known = rows.groupby(["edition", "series"])[["score", "rank"]].count().astype("str")
    return markdown((known["score"] + " / " + known["rank"]).unstack().reset_index())


def trust(scores: pd.DataFrame, observations: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """How many sources, and of them scores (by their first source) and observations, are of which trust."""
    of = sources.set_index("source_id")["trust"]
    trusts = {"sources": of, "scores": scores["source_ids"].str.split(";").str[0].map(of)}
    trusts |= {"observations": observations["source_id"].map(of)}
    counts = pd.DataFrame({name: column.value_counts().reindex(TRUST, fill_value=0) for name, column in trusts.items()})
    return counts.rename_axis("trust").reset_index()


def markdown(rows: pd.DataFrame) -> str:
    """Any frame as a Markdown table; what is missing stays blank."""
    cells = rows.astype(object).where(rows.notna(), "").astype("str").map(lambda cell: cell.replace("|", "/"))
    lines = [rows.columns, ["---"] * len(rows.columns), *cells.to_numpy()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _findings(
    rows: pd.DataFrame, table: str | pd.Series, key: list[str], stated: str, computed: str, severity: Any
) -> pd.DataFrame:
    """The findings in the shape `FOUND`: `stated` and `computed` are templates, filled from each of `rows`."""
    filled = [{column: _plain(cell) for column, cell in row.items()} for row in rows.to_dict("records")]
    columns = {
        "severity": severity,
        "table": table,
        "key": [" ".join(str(row[column]) for column in key if row[column] not in ("", "–")) for row in filled],
        "stated": [stated.format_map(row).removeprefix("exact ") for row in filled],
        "computed": [computed.format_map(row) for row in filled],
        "source_ids": rows["source_ids" if "source_ids" in rows else "source_id"],
    }
    return pd.DataFrame(columns, index=rows.index, dtype=object)


def _plain(cell: Any) -> Any:
    """A number without needless digits, a text as it is, and a dash for what is missing."""
    if isinstance(cell, str) or pd.isna(cell):
        return cell if isinstance(cell, str) else "–"
    return int(cell) if cell == int(cell) else round(float(cell), 6)


def _decimals(numbers: pd.Series) -> pd.Series:
    """With how many decimals numbers are written."""
    return numbers.map(lambda number: numerals.parse(number).decimals).astype("float64")


def _allowed(qualifier: pd.Series, value: pd.Series, true: pd.Series) -> pd.Series:
    """Whether what was printed ("over 500") can be said of the true number."""
    above = (qualifier == "over") & (true >= value)
    below = qualifier.isin(["nearly", "under"]) & (true <= value)
    return above | below | qualifier.isin(["about", "target"])
