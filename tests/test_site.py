"""The site that leads from a batch to its reports and figures."""

import json

import nbformat
import pytest

from vnegov.atlas import site


@pytest.fixture
def output(tmp_path):
    """What a batch leaves: records, executed notebooks."""
    reports = tmp_path / "reports" / "03_province_profile"
    reports.mkdir(parents=True)
    cell = nbformat.v4.new_code_cell("charts.show()")
    cell.outputs = [nbformat.v4.new_output("display_data", {"text/markdown": "# Cà Mau năm 2022"})]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    records = []
    for name, status in (("ca-mau-2022-vi", "done"), ("ha-noi-2022-vi", "failed")):
        path = f"reports/03_province_profile/{name}.ipynb"
        nbformat.write(notebook, tmp_path / path)
        figures = ["figures/ca-mau/2022/vi/positions.svg", "figures/ca-mau/2022/vi/positions.csv"]
        run = {"output": path, "notebook": "03_province_profile", "parameters": {"lang": "vi"}, "title": f"<{name}>"}
        end = {"status": status, "figures": figures, "error": "boom", "kept": None, "fingerprint": "x"}
        records.append(run | end)
    lines = [json.dumps(record) for record in records]
    (tmp_path / "reports" / "run.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_index_leads_to_pages_notebooks_and_charts_failed_runs_first(output):
    index = site.build(output)
    text = index.read_text(encoding="utf-8")
    assert text.index("ha-noi-2022-vi") < text.index("ca-mau-2022-vi")
    assert 'href="../figures/ca-mau/2022/vi/positions.svg"' in text
    for run in ("ca-mau-2022-vi", "ha-noi-2022-vi"):
        assert f'href="03_province_profile/{run}.html"' in text
        assert (index.parent / "03_province_profile" / f"{run}.html").is_file()
        assert (output / "reports" / "03_province_profile" / f"{run}.ipynb").is_file()


def test_titles_are_text_not_markup(output):
    assert "&lt;ca-mau-2022-vi&gt;" in site.build(output).read_text(encoding="utf-8")


def test_a_page_is_in_its_language_and_hides_the_code(output):
    site.build(output)
    page = (output / "site" / "03_province_profile" / "ca-mau-2022-vi.html").read_text(encoding="utf-8")
    assert '<html lang="vi">' in page
    assert "Cà Mau năm 2022" in page
    assert "charts.show" not in page


def test_what_is_up_to_date_is_not_made_again(output):
    index, page = site.build(output), output / "site" / "03_province_profile" / "ca-mau-2022-vi.html"

    def made() -> list[int]:
        site.build(output)
        return [path.stat().st_mtime_ns for path in (index, page)]

    before = made()
    assert made() == before
    (output / "reports" / "run.jsonl").touch()  # there are new records
    again = made()
    assert again[0] > before[0]
    assert again[1] == before[1]
