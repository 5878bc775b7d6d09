"""What a source misprints is corrected as data, with a guard; the raw file stays as it was published."""

import pandas as pd
import pytest

from vnegov import paths
from vnegov.data import build, corrections
from vnegov.data.corrections import Correction
from vnegov.errors import BadRawFile


def correction(**changes):
    given = {
        "table": "scores", "key": {"index": "par_index", "source_id": "paper"}, "field": "score", "stated": 81,
        "corrected": 89.06, "expect": "rank == 1", "why": "a typing error", "why_vi": "lỗi đánh máy",
    }  # fmt: skip
    return Correction(**(given | changes))


@pytest.fixture
def found():
    scores = pd.DataFrame(
        {
            "index": ["par_index", "par_index"], "source_id": ["paper", "agency"], "score": [81.0, 89.06],
            "rank": [1, 1], "decimals": [0.0, 2.0],
        }
    )  # fmt: skip
    return {"scores": scores}


def test_a_correction_changes_its_one_figure_and_remembers_what_was_printed(found):
    rows = corrections.apply(found, [correction()])["scores"]
    assert rows["score"].tolist() == [89.06, 89.06]
    assert rows.loc[0, ["stated", "corrected", "why", "decimals"]].tolist() == [
        "score 81",
        "score 89.06",
        "a typing error",
        2,
    ]
    assert rows["why"].isna().tolist() == [False, True]


def test_what_comes_in_is_left_as_it_was(found):
    corrections.apply(found, [correction()])
    assert found["scores"]["score"].tolist() == [81.0, 89.06]


@pytest.mark.parametrize(
    "gone",
    [
        {"stated": 80},
        {"expect": "rank == 2"},
        {"key": {"index": "sipas", "source_id": "paper"}},
        {"key": {"index": "par_index"}},
    ],
)
def test_a_correction_that_no_longer_matches_fails_and_is_named(found, gone):
    with pytest.raises(BadRawFile, match=r"corrections\.yml: the correction of score, scores .* no longer matches"):
        corrections.apply(found, [correction(**gone)])


def test_all_corrections_that_fail_are_named_at_once(found):
    with pytest.raises(BadRawFile) as error:
        corrections.apply(found, [correction(stated=80), correction(stated=79)])
    assert str(error.value).count("no longer matches") == 2


def test_a_correction_with_a_field_too_many_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RAW", tmp_path)
    (tmp_path / corrections.FILE).write_text("- {table: scores, because: it is so}\n", encoding="utf-8")
    with pytest.raises(BadRawFile, match=r"(?s)corrections\.yml.*because"):
        corrections.load()


def test_the_build_makes_every_correction_and_trusts_it_less_than_a_print(monkeypatch):
    scores = build.candidates()["scores"]
    made = scores[scores["why"].notna()]
    assert len(made) == len(corrections.load())
    quang_ninh = made[(made["index"] == "par_index") & (made["edition"] == 2018)].iloc[0]
    assert (quang_ninh["stated"], quang_ninh["score"]) == ("score 81", 89.06)
