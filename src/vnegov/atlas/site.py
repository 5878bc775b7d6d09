"""A plain site from what a batch left: one page a report, and an index that leads to them and their figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from vnegov import paths
from vnegov.batch.ledger import Ledger


def build(output: Path | None = None) -> Path:
    """Write site/ below `output`; returns the index page. A report's page is made again only if it changed."""
    home = Path(output).resolve() if output else paths.output()
    runs = sorted(latest(home), key=lambda run: (run["status"] != "failed", run["notebook"], run["output"]))
    for run in runs:
        report = home / (run["kept"] or run["output"])
        run["page"] = Path(run["output"]).relative_to("reports").with_suffix(".html").as_posix()
        if report.is_file():
            page = home / "site" / run["page"]
            if not page.is_file() or page.stat().st_mtime_ns < report.stat().st_mtime_ns:
                paths.write(page, _page(report, run).encode())
    index = home / "site" / "index.html"
    groups: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(run["notebook"], []).append(run)
    paths.write(
        index, _templates().get_template("index.html").render(groups=groups, failed=_failed(runs)).encode("utf-8")
    )
    return index


def latest(home: Path) -> list[dict[str, Any]]:
    """The last record of every output that is still there."""
    return [record for record in Ledger(home).last.values() if (home / (record["kept"] or record["output"])).is_file()]


def _failed(runs: list[dict[str, Any]]) -> int:
    return sum(run["status"] == "failed" for run in runs)


def _page(report: Path, run: dict[str, Any]) -> str:
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_output_prompt=True)
    body, _ = exporter.from_filename(str(report))
    up = "../" * run["page"].count("/")
    return (
        _templates()
        .get_template("report.html")
        .render(title=run["title"], lang=run["parameters"].get("lang", "en"), body=body, up=up, run=run)
    )


def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("vnegov.atlas"), autoescape=select_autoescape(), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
