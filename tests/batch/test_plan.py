"""A plan says which runs there are; what is wrong with it is told at once, with what would have been right."""

import time
import tracemalloc

import pytest

from vnegov.batch import plan
from vnegov.errors import PlanError

ONE = {"notebook": "profile", "provinces": ["Vĩnh Phúc"], "years": [2021], "langs": ["en"]}


def outputs(project, *tables) -> list[str]:
    found = project.plan(*tables)
    return [run.output.removeprefix("reports/profile/").removesuffix(".ipynb") for run in found]


def faults(project, *tables) -> str:
    with pytest.raises(PlanError) as caught:
        outputs(project, *tables)
    return str(caught.value)


def test_a_plan_is_the_product_of_its_axes_in_a_fixed_order(project):
    table = ONE | {"provinces": ["82", "Vinh Phuc"], "years": ["2021-2022"], "langs": "all"}
    names = outputs(project, table)
    assert names == outputs(project, table)
    assert len(names) == 8
    assert names[:4] == ["tien-giang-2021-en", "tien-giang-2021-vi", "vinh-phuc-2021-en", "vinh-phuc-2021-vi"]


def test_an_axis_that_is_not_given_keeps_the_notebooks_own_default(project):
    assert outputs(project, {"notebook": "profile"}) == ["vinh-phuc-2021-en"]


def test_every_spelling_of_a_province_gives_the_same_run(project):
    for name in ["Vĩnh Phúc", "vinh phuc", "26", 26, "Vĩnh Phúc"]:
        assert outputs(project, ONE | {"provinces": [name]}) == ["vinh-phuc-2021-en"]


def test_a_run_named_twice_is_one_run(project):
    assert outputs(project, ONE, ONE | {"provinces": ["26", "Vĩnh Phúc"]}) == ["vinh-phuc-2021-en"]


def test_all_provinces_are_those_of_the_year(project):
    assert len(outputs(project, ONE | {"provinces": "all"})) == 63
    assert len(outputs(project, ONE | {"provinces": "all", "years": [2025]})) == 34


def test_where_data_exists_follows_the_tables_that_the_notebook_reads(project):
    exists = ONE | {"provinces": "where data exists", "years": "where data exists"}
    assert outputs(project, exists) == [
        "vinh-phuc-2019-en",
        *(f"{name}-{year}-en" for year in (2021, 2022) for name in ("ha-noi", "vinh-phuc", "tien-giang")),
        "dong-thap-2025-en",
    ]
    assert outputs(project, exists | {"provinces": ["Hà Nội"]}) == ["ha-noi-2021-en", "ha-noi-2022-en"]


def test_a_merged_province_is_left_out_of_later_years_unless_they_were_asked_for(project):
    assert outputs(project, ONE | {"years": "all"}) == [f"vinh-phuc-{y}-en" for y in (2019, 2021, 2022)]
    assert "Phú Thọ" in faults(project, ONE | {"years": [2025]})


def test_include_adds_and_exclude_takes_away(project):
    table = ONE | {"years": [2021, 2022], "include": [{"province": "Hà Nội", "year": 2021}]}
    assert outputs(project, table) == ["vinh-phuc-2021-en", "vinh-phuc-2022-en", "ha-noi-2021-en"]
    table |= {"exclude": [{"province": "vinh phuc", "year": [2022]}]}
    assert outputs(project, table) == ["vinh-phuc-2021-en", "ha-noi-2021-en"]


def test_editions_belong_to_their_index(project):
    project.notebook("ranking", 'index = "dti"\nedition = 2022', "")
    every = {"notebook": "ranking", "indices": "all", "editions": "where data exists"}
    assert [r.parameters["edition"] for r in project.plan(every)] == [2021, 2022, 2025, 2019]
    said = faults(project, {"notebook": "ranking", "indices": ["pci", "ptv"], "editions": [2022]})
    assert "pci has no edition 2022; nearest: 2019" in said
    assert "no index 'ptv'; nearest: " in said


def test_an_edition_is_left_out_for_a_geography_that_it_is_not_published_for_unless_it_was_named(project):
    project.notebook("ranking", 'index = "dti"\nedition = 2022\ngeography = None', "")
    every = {"notebook": "ranking", "indices": "all", "editions": "where data exists", "geographies": ["63", "34"]}
    found = [(r.parameters["index"], r.parameters["edition"], r.parameters["geography"]) for r in project.plan(every)]
    assert found == [("dti", 2021, "63"), ("dti", 2022, "63"), ("dti", 2025, "34"), ("pci", 2019, "63")]
    said = faults(project, {"notebook": "ranking", "editions": [2021], "geographies": ["34"]})
    assert "dti 2021 has no geography '34'; nearest: 63" in said


def test_all_faults_are_told_at_once_with_what_is_near(project):
    said = faults(
        project,
        ONE | {"provinces": ["Vinh Fuc"], "years": [1890]},
        ONE | {"langs": ["fr"]},
        ONE | {"notebook": "profil"},
        ONE | {"editions": [2022]},
    )
    for part in [
        "Vĩnh Phúc (26)",
        "1890; nearest: 2019",
        "'en' or 'vi'",
        "profil: no such notebook in",
        "nearest: profile",
    ]:
        assert part in said
    assert "it does not take edition; it has year, province, lang" in said


def test_a_parameter_outside_the_domain_has_the_type_of_its_default(project):
    project.notebook("top", "n = 10", "")
    found = [run.output for run in project.plan({"notebook": "top", "parameters": {"n": [10, 5]}})]
    assert found == ["reports/top/top.ipynb", "reports/top/n=5.ipynb"]
    assert "valid integer" in faults(project, {"notebook": "top", "parameters": {"n": "many"}})


def test_models_are_frozen_and_refuse_what_they_do_not_know(project):
    made = project.plan(ONE)
    fields = next(iter(made)).template.model
    values = fields.model_validate({"province": "Vĩnh Phúc", "year": 2021}, context=made.data)
    with pytest.raises(ValueError, match="frozen"):
        values.year = 2022
    with pytest.raises(ValueError, match="Extra inputs"):
        fields.model_validate({"provinse": "26"}, context=made.data)


def test_the_keys_of_a_run_select_the_rows_of_its_province(project):
    keys = {"year": "2021", "lang": "en", "province_code": "26", "geography": "63"}
    assert [run.keys for run in project.plan(ONE)] == [keys]


def test_a_plan_file_is_checked_in_its_form(tmp_path):
    file = tmp_path / "plan.toml"
    for text, said in [
        ("[[runs]]\nnotebok = 'x'", "notebok"),
        ("[[runs]]\nnotebook = 'x'\nprovince = ['y']", "[[runs]] tables of notebook, indices"),
        ("title = 'x'", "runs: Field required"),
        ("run = 1", "a plan has a title and [[runs]] tables"),
        ("[[runs", "cannot be read as a plan"),
    ]:
        file.write_text(text)
        with pytest.raises(PlanError) as caught:
            plan.load(file)
        assert said in str(caught.value)
    with pytest.raises(PlanError, match="plans in"):
        plan.load(tmp_path / "none.toml")


def test_options_of_a_command_line_make_the_same_plan():
    made = plan.from_options("notebooks/profile.ipynb", provinces=["01"], years=["2022", "2012-2014"], langs=[])
    assert made.tables[0].notebook == "profile"
    assert made.tables[0].years == (2022, 2012, 2013, 2014)
    assert made.tables[0].langs == ()


def test_expansion_is_lazy_and_linear(project):
    project.notebook("many", 'province = "26"\nyear = 2021\nn = 0', "", {"scores": []})
    table = {"notebook": "many", "provinces": "all", "years": [2021]}

    def walk(n: int) -> tuple[float, int]:
        began = time.perf_counter()
        count = sum(1 for _ in project.plan(table | {"parameters": {"n": list(range(n))}}))
        return time.perf_counter() - began, count

    tracemalloc.start()
    next(iter(project.plan(table | {"parameters": {"n": list(range(100_000))}})))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6
    walk(10)
    (little, few), (much, many) = walk(10), walk(100)
    assert (few, many) == (630, 6300)
    assert much < 30 * little
