"""Small tables in the shape of the processed ones, made up so that every answer can be checked by hand."""

import pandas as pd
import pytest


@pytest.fixture
def make_scores():
    """Rows of `scores` from {province: score}; ranks and n_units as if each group were whole, unless told."""

    def make(values, index="dti", edition=2022, component="overall", geography="63", n_units=None):
        score = pd.Series(values, dtype="float64")
        return pd.DataFrame(
            {
                "index": index,
                "edition": edition,
                "geography": geography,
                "province_code": score.index.astype("str"),
                "component": component,
                "score": score.to_numpy(),
                "rank": score.rank(method="min", ascending=False).astype("Int64").to_numpy(),
                "rank_basis": "published",
                "n_units": len(score) if n_units is None else n_units,
                "source_ids": "s1",
                "conflict": False,
            }
        )

    return make


@pytest.fixture
def make_observation():
    """One row of `observations`; what is not said is exact, of the whole province, over the year 2022."""

    def make(indicator, value, **cells):
        row = {
            "geography": "63",
            "province_code": "26",
            "scope": "province",
            "agency": None,
            "period_start": "2022-01-01",
            "period_end": "2022-12-31",
            "indicator": indicator,
            "regime": None,
            "value": float(value),
            "unit": "dossiers",
            "numerator": float("nan"),
            "denominator": float("nan"),
            "qualifier": "exact",
            "source_id": "s1",
            "note": None,
        }
        return row | cells

    return make


@pytest.fixture
def no_breaks():
    """The table `breaks` of series that all compare."""
    return pd.DataFrame({"index": [], "component": [], "edition": []}).astype({"index": "str", "component": "str"})


@pytest.fixture
def provinces():
    """Three old provinces, two of which merge, as in the table `provinces`."""
    columns = ["geography", "code", "successor_code", "region", "population_2024_thousand"]
    rows = [
        ("63", "02", "08", "NMM", 900.0),
        ("63", "08", "08", "NMM", 800.0),
        ("63", "01", "01", "RRD", 8700.0),
        ("63", "26", "25", "RRD", 1200.0),
        ("63", "25", "25", "NMM", 1500.0),
        ("63", "17", "25", "NMM", 880.0),
        ("34", "08", "08", "NMM", 1700.0),
        ("34", "01", "01", "RRD", 8700.0),
        ("34", "25", "25", "NMM+RRD", 3580.0),
    ]
    return pd.DataFrame(rows, columns=columns)
