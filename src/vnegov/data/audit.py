"""What does not add up in the published figures: one rule a function, from frames to findings (`FOUND`).

An error is a statement that cannot be true as printed; a warning, figures that disagree or look odd; a note,
what rounding or a correction leaves behind. `unsettled` are the errors neither corrected nor explained.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

import pandas as pd

from vnegov.data import reconcile
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
SERIES = ["index", "geography", "component"]


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
    rows = rows.sort_values(["place", "rule", "table", "key"])
    return rows[list(TABLES["audit"].columns)].astype("str")


def explained(findings: pd.DataFrame, explanations: pd.DataFrame) -> pd.DataFrame:
    """The findings with the first explanation whose rule and key pattern (`*` and `?`, as in file names) fit."""
    lines = explanations.to_dict("records")
    fitting: list[dict] = [
        next((x for x in lines if x["rule"] == rule and fnmatchcase(key, x["key"])), {})
        for rule, key in zip(findings["rule"], findings["key"], strict=True)
    ]
    texts = {name: [line.get(name) for line in fitting] for name in ("explanation", "explanation_vi")}
    return findings.assign(**texts)


def unsettled(rows: pd.DataFrame) -> pd.DataFrame:
    """The errors of an audit table that are neither corrected nor explained."""
    return rows[(rows["severity"] == "error") & rows["explanation"].isna()]


def report(rows: pd.DataFrame, severities: Collection[str] = SEVERITIES, most: int | None = 5) -> list[str]:
    """Findings of these severities to be read in a terminal, at most so many of each rule, and counts of all."""
    told = []
    shown = rows[rows["severity"].isin(list(severities))]
    for (severity, rule), found in shown.groupby(["severity", "rule"], sort=False):
        told.append(f"{severity}  {rule} ({len(found)})")
        for row in found.head(len(found) if most is None else most).to_dict("records"):
            told.append(f"  {row['table']} {row['key']}: {row['stated']} | {row['computed']}")
            told += [f"      {row['explanation']}"] if pd.notna(row["explanation"]) else []
        told += [f"  and {len(found) - most} more"] if most is not None and len(found) > most else []
    counts = [f"{(rows['severity'] == severity).sum()} {severity}s" for severity in SEVERITIES]
    return [*told, f"{', '.join(counts)}; {len(unsettled(rows))} errors neither corrected nor explained"]


def corrected(found: pd.DataFrame) -> pd.DataFrame:
    """A note for each candidate that was corrected, with the reason."""
    rows = found.reindex(columns=found.columns.union(MEMORY, sort=False))
    rows = rows[rows["why"].notna()]
    notes = _findings(rows, "scores", [*KEY, "source_id"], rows["stated"], rows["corrected"], "note")
    return notes.assign(rule="corrected", explanation=[*rows["why"]], explanation_vi=[*rows["why_vi"]])


def ranked(scores: pd.DataFrame, agencies: pd.DataFrame) -> pd.DataFrame:
    """What others ranked, provinces and agencies alike: one row a unit, in groups (`GROUP`) that share a ranking."""
    of_provinces = scores.assign(table="scores", place=None, unit=scores["province_code"], part=scores["component"])
    of_agencies = agencies.assign(
        table="agencies", place=agencies["province_code"], unit=agencies["agency"], part=agencies["group"],
        edition=agencies["year"], source_ids=agencies["source_id"], n_units=float("nan"),
    )  # fmt: skip
    columns = [*GROUP, "unit", "score", "rank", "rank_basis", "n_units", "source_ids"]
    rows = pd.concat([of_provinces, of_agencies], ignore_index=True)[columns]
    return rows[rows["rank"].notna() & (rows["rank_basis"] != "computed")].astype({"rank": "int64"})


def rank_order(rows: pd.DataFrame) -> pd.DataFrame:
    """A worse rank than another's with a better score. `rows` as `ranked` gives them, here and below."""
    rows = rows[rows["score"].notna()].sort_values([*GROUP, "rank", "score"], ascending=[True] * 7 + [False])
    above = rows.groupby(GROUP, dropna=False)[["unit", "score", "rank", "rank_basis"]].shift()
    wrong = (rows["rank"] > above["rank"]) & (rows["score"] > above["score"])
    rows, above = rows[wrong], above[wrong]
    published = (rows["rank_basis"] == "published") & (above["rank_basis"] == "published")
    stated = _say("rank {} with {}", rows["rank"], rows["score"])
    computed = _say("rank {} ({}) has {}", above["rank"], above["unit"], above["score"])
    return _findings(rows, rows["table"], UNIT, stated, computed, _error_if(published))


def shared_rank(rows: pd.DataFrame) -> pd.DataFrame:
    """One rank for several units whose scores differ; or are not all known, while the next rank is taken too."""
    following = rows[[*GROUP, "rank"]].drop_duplicates().assign(rank=lambda taken: taken["rank"] - 1, followed=True)
    same = rows[rows.duplicated([*GROUP, "rank"], keep=False)].merge(following, "left", on=[*GROUP, "rank"])
    same = same.groupby([*GROUP, "rank"], dropna=False, as_index=False).agg(
        n=("unit", "size"), unit=("unit", "+".join), low=("score", "min"), high=("score", "max"),
        known=("score", "count"), published=("rank_basis", lambda bases: (bases == "published").all()),
        followed=("followed", "any"), source_ids=("source_ids", ";".join),
    )  # fmt: skip
    same = same.assign(differ=same["high"] > same["low"], unclear=same["followed"] & (same["known"] < same["n"]))
    same = same[same["differ"] | same["unclear"]]
    computed = _say("{} of {} scores known, {} to {}", same["known"], same["n"], same["low"], same["high"])
    severity = _error_if(same["published"] & same["differ"])
    return _findings(same, same["table"], UNIT, _say("rank {}", same["rank"]), computed, severity)


def rank_range(rows: pd.DataFrame) -> pd.DataFrame:
    """A rank below the last."""
    rows = rows[rows["rank"] > rows["n_units"]]
    stated, computed = _say("rank {}", rows["rank"]), _say("1 to {}", rows["n_units"])
    return _findings(rows, rows["table"], UNIT, stated, computed, "error")


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
        stated = _say(f"{field} {{}} by a stated change", rows[field])
        computed = _say(f"{field} {{}}", rows[f"{field}_taken"])
        severity = _error_if(rows["rank_basis_taken"].eq("published") & (field == "rank"))
        parts.append(_findings(rows, "scores", [*KEY, "source_id"], stated, computed, severity))
    before = agencies[[*AGENCY, "rank"]].assign(year=agencies["year"] + 1)
    moves = agencies[agencies["change"].notna()].merge(before, on=AGENCY, suffixes=("", "_before"))
    moves = moves.assign(moved=moves["rank_before"] - moves["rank"]).astype({"change": "int64"})
    moves = moves[moves["moved"] != moves["change"]]
    computed = _say("{:+}, from rank {} to {}", moves["moved"], moves["rank_before"], moves["rank"])
    parts.append(_findings(moves, "agencies", AGENCY, _say("{:+}", moves["change"]), computed, "error"))
    return pd.concat(parts)


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
    rows = rows[rows.groupby(same, dropna=False)["value"].transform("nunique") > 1]
    first = rows.groupby(same, dropna=False)[["value", "source_id"]].transform("first")
    gap, digit = rows["value"] - first["value"], 10.0 ** -_decimals(rows["value"], first["value"])
    off = gap.abs() > 0.5 * digit * (1 + 1e-6)
    rows = rows.assign(source_ids=rows["source_id"] + ";" + first["source_id"])
    computed = _say("{} ({:+})", first["value"], -gap)
    severity = ["note" if near else "warning" for near in (digit < 1) & (gap.abs() <= digit * (1 + 1e-6))]
    findings = _findings(rows, table, [*same, "source_id"], _say("{}", rows["value"]), computed, severity)
    return findings[off.to_numpy()]


def parts_sum(observations: pd.DataFrame, parts: pd.DataFrame) -> pd.DataFrame:
    """Parts that do not make the total stated in the same report. `parts`: total, way, part (a total may be
    made of parts in several ways); a report that gives a part twice, differently, is passed over.
    """
    figures = observations.drop_duplicates([*REPORT, "indicator", "value"])
    figures = figures[~figures.duplicated([*REPORT, "indicator"], keep=False)]
    each = parts.merge(figures, left_on="part", right_on="indicator")
    each["places"] = _decimals(each["value"])
    sums = each.groupby([*REPORT, "total", "way"], dropna=False).agg(
        n=("part", "size"), computed=("value", "sum"), places=("places", "max")
    ).reset_index()  # fmt: skip
    needed = parts.groupby(["total", "way"], as_index=False).agg(n=("part", "size"))
    sums = sums.merge(needed, on=["total", "way", "n"])
    rows = figures.merge(sums, left_on=[*REPORT, "indicator"], right_on=[*REPORT, "total"])
    places = pd.concat([rows["places"], _decimals(rows["value"])], axis=1).max(axis=1)
    slack = (0.5 * (rows["n"] + 1) * 10.0**-places).where(places > 0, 0)
    rows = rows[(rows["computed"] - rows["value"]).abs() > slack + 1e-9]
    computed = _say("{}, the sum of {} parts", rows["computed"], rows["n"])
    severity = _error_if(~_allowed(rows["qualifier"], rows["value"], rows["computed"]))
    return _findings(rows, "observations", OBSERVED, _figure(rows), computed, severity)


def numerator_above(observations: pd.DataFrame) -> pd.DataFrame:
    """More than there can be: a numerator, or a count, a rank or points, above the denominator."""
    count = observations["value"].where(observations["unit"] != "percent")
    most = pd.concat([observations["numerator"], count], axis=1).max(axis=1)
    rows = observations[most > observations["denominator"]]
    computed = _say("of {}", rows["denominator"])
    return _findings(rows, "observations", OBSERVED, _figure(rows), computed, "error")


def share_of_counts(observations: pd.DataFrame) -> pd.DataFrame:
    """A printed share that is not its printed numerator over its printed denominator."""
    rows = observations[observations["unit"] == "percent"].dropna(subset=["numerator", "denominator"])
    rows = rows.assign(share=100 * rows["numerator"] / rows["denominator"])
    rows = rows[~_allowed(rows["qualifier"], rows["value"], rows["share"])]
    gap = (rows["share"] - rows["value"]).abs()
    digit = 10.0 ** -_decimals(rows["value"])
    severity = (gap > digit).map({True: "error", False: "note"})[gap > 0.5 * digit]
    rows = rows.loc[severity.index]
    computed = _say("{} percent, {} of {}", rows["share"].round(3), rows["numerator"], rows["denominator"])
    return _findings(rows, "observations", OBSERVED, _figure(rows), computed, severity)


def unit_mismatch(observations: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """A target in one unit whose result, of the same year, is in another. `results`: target, result."""
    of_year = observations.assign(year=observations["period_end"].str[:4])
    targets = of_year[of_year["qualifier"] == "target"].merge(results, left_on="indicator", right_on="target")
    rows = targets.merge(
        of_year[of_year["qualifier"] != "target"], suffixes=("", "_result"),
        left_on=["geography", "province_code", "year", "result"],
        right_on=["geography", "province_code", "year", "indicator"],
    )  # fmt: skip
    rows = rows[rows["unit"] != rows["unit_result"]]
    computed = _say("result {} {}", rows["value_result"], rows["unit_result"])
    return _findings(rows, "observations", OBSERVED, _figure(rows), computed, "error")


def components_sum(scores: pd.DataFrame, components: pd.DataFrame) -> pd.DataFrame:
    """A score that is not the sum of its components, where the index is a sum (`ADDITIVE`) and all are known."""
    rows = scores[scores["index"].isin(ADDITIVE)]
    parts = rows.merge(components[components["parent"].notna()], on=["index", "component"])
    first, last = parts["first_edition"].fillna(0), parts["last_edition"].fillna(9999)
    sums = parts[parts["edition"].between(first, last)].groupby([*KEY[:-1], "parent"]).agg(
        n=("score", "size"), known=("score", "count"), computed=("score", "sum")
    )  # fmt: skip
    most = sums.groupby(["index", "edition", "parent"])["known"].transform("max")
    whole = sums[sums["known"] == most].reset_index().rename(columns={"parent": "component"})
    rows = rows.merge(whole, on=KEY)
    rows = rows[(rows["score"] - rows["computed"]).abs() > ROUNDING]
    computed = _say("{}, the sum of {} components", rows["computed"], rows["n"])
    return _findings(rows, "scores", KEY, _say("{}", rows["score"]), computed, "error")


def merger_mean(scores: pd.DataFrame, provinces: pd.DataFrame) -> pd.DataFrame:
    """An official score of one of the 34 that is not the mean of those of the 63 (`provinces`) it was made of."""
    rows = scores[scores["geography"] == "34"].assign(group=lambda new: new["province_code"])
    rows = _beside_means(rows, scores, provinces.assign(group=provinces["successor_code"]))
    return _findings(rows, "scores", KEY, _say("{}", rows["score"]), rows["computed"], "error")


def published_mean(scores: pd.DataFrame, aggregates: pd.DataFrame, provinces: pd.DataFrame) -> pd.DataFrame:
    """A published national or regional mean that is not the mean of the provinces, where all are known."""
    regions = pd.concat([provinces.assign(group=provinces["region"]), provinces.assign(group="VN")])
    rows = _beside_means(aggregates.assign(group=aggregates["region"]), scores, regions)
    stated = _say("{}", rows["score"])
    return _findings(rows, "aggregates", [*MEAN, "source_id"], stated, rows["computed"], "warning")


def _beside_means(rows: pd.DataFrame, scores: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Those of `rows` whose score is not the mean of their group's members (code, group), all of them known."""
    cell = ["index", "edition", "component", "group"]
    members = members.rename(columns={"code": "province_code"})[["province_code", "group"]]
    means = scores[scores["geography"] == "63"].merge(members, on="province_code").groupby(cell)["score"]
    means = means.agg(["mean", "count"]).reset_index()
    means = means[means["count"] == means["group"].map(members["group"].value_counts())]
    rows = rows.merge(means, on=cell)
    digits = _decimals(rows["score"]).groupby(rows["index"]).transform("max")  # 0.7 stands for 0.7000
    rows = rows[(rows["score"] - rows["mean"]).abs() > 10.0**-digits]
    return rows.assign(computed=_say("{}, the mean of {} provinces", rows["mean"], rows["count"]))


def series_jump(scores: pd.DataFrame, breaks: pd.DataFrame) -> pd.DataFrame:
    """A mean over provinces that moves from one edition to the next as none of its index does, without a break.

    The move is measured in standard deviations between provinces, and held against the median of the index's
    moves by their median absolute deviation (times 1.4826, as for a normal distribution).
    """
    wide = scores.pivot(index=[*SERIES, "edition"], columns="province_code", values="score")
    before = wide.groupby(level=SERIES).shift()
    change = wide - before
    moves = pd.DataFrame({"was": before.where(wide.notna()).mean(axis=1), "move": change.mean(axis=1)})
    moves = moves.assign(shift=moves["move"] / before.std(axis=1), known=change.count(axis=1)).reset_index()
    consecutive = moves.groupby(SERIES)["edition"].diff() == 1
    moves = moves[consecutive & (moves["known"] >= COMPLETE * moves["geography"].astype("int64"))]
    off = (moves["shift"] - moves.groupby("index")["shift"].transform("median")).abs()
    usual = 1.4826 * off.groupby(moves["index"]).transform("median")
    rows = moves[off > JUMP * usual].merge(breaks.drop(columns="source_id"), how="left")
    rows = rows[rows["why"].isna()].merge(scores.drop_duplicates([*SERIES, "edition"]), on=[*SERIES, "edition"])
    stated, computed = _say("mean {}", rows["was"] + rows["move"]), _say("{} the edition before", rows["was"])
    return _findings(rows, "scores", ["index", "edition", *SERIES[1:]], stated, computed, "warning")


def coverage(scores: pd.DataFrame) -> pd.DataFrame:
    """How many provinces have an overall score, and a rank: index, geography, edition, score, rank."""
    rows = scores[scores["component"] == "overall"]
    return rows.groupby(["index", "geography", "edition"], as_index=False)[["score", "rank"]].count()


def coverage_markdown(scores: pd.DataFrame) -> str:
    """The coverage as a Markdown table: editions down, indices across, score / rank in the cells."""
    rows = coverage(scores)
    rows["series"] = "`" + rows["index"] + "`" + rows["geography"].map({"63": "", "34": " (34)"})
    rows["cell"] = rows["score"].astype("str") + " / " + rows["rank"].astype("str")
    return markdown(rows.pivot(index="edition", columns="series", values="cell").reset_index())


def trust(scores: pd.DataFrame, observations: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """How many sources, and of them scores (by their first source) and observations, are of which trust."""
    of = sources.set_index("source_id")["trust"]
    counts = {
        "sources": of.value_counts(),
        "scores": scores["source_ids"].str.split(";").str[0].map(of).value_counts(),
        "observations": observations["source_id"].map(of).value_counts(),
    }
    return pd.DataFrame(counts).reindex(TRUST).fillna(0).astype("int64").rename_axis("trust").reset_index()


def markdown(rows: pd.DataFrame) -> str:
    """Any frame as a Markdown table; what is missing stays blank."""
    cells = rows.astype(object).where(rows.notna(), "").astype("str").map(lambda cell: cell.replace("|", "/"))
    lines = [rows.columns, ["---"] * len(rows.columns), *cells.to_numpy()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _findings(
    rows: pd.DataFrame, table: Any, key: list[str], stated: Any, computed: Any, severity: Any
) -> pd.DataFrame:
    """The findings in the shape `FOUND`; each of the last three is one text for all rows, or a text a row."""
    named = rows[key].itertuples(index=False)
    keys = [" ".join(str(_plain(part)) for part in row if pd.notna(part)) for row in named]
    sources = rows["source_ids" if "source_ids" in rows else "source_id"]
    columns = dict(zip(FOUND, (severity, table, keys, stated, computed, sources), strict=True))
    return pd.DataFrame({n: v if isinstance(v, str) else list(v) for n, v in columns.items()}, dtype=object)


def _say(template: str, *columns: pd.Series) -> list[str]:
    return [template.format(*map(_plain, row)) for row in zip(*columns, strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, str) or pd.isna(value):
        return value if isinstance(value, str) else "–"
    return int(value) if value == int(value) else round(float(value), 6)


def _figure(rows: pd.DataFrame) -> list[str]:
    """Observed values as they were printed: "over 500 items"."""
    qualifier = rows["qualifier"].where(rows["qualifier"] != "exact", "")
    return [text.strip() for text in _say("{} {} {}", qualifier, rows["value"], rows["unit"])]


def _decimals(*values: pd.Series) -> pd.Series:
    """With how many decimals numbers are written; of several columns, the fewest in each row."""
    places = [column.map(lambda v: len(f"{v:.10f}".rstrip("0").partition(".")[2])) for column in values]
    return pd.concat(places, axis=1).min(axis=1).astype("float64")


def _error_if(condition: pd.Series) -> list[str]:
    return ["error" if yes else "warning" for yes in condition]


def _allowed(qualifier: pd.Series, value: pd.Series, true: pd.Series) -> pd.Series:
    """Whether what was printed ("over 500") can be said of the true number."""
    above = (qualifier == "over") & (true >= value)
    below = qualifier.isin(["nearly", "under"]) & (true <= value)
    return above | below | qualifier.isin(["about", "target"])
