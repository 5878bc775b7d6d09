"""A plain site from what a batch left: one page a report, and an index that leads to them and their figures."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from vnegov import paths
from vnegov.batch.ledger import Ledger


def build(output: Path | None = None) -> Path:
    """Write site/ below `output`; returns the index page. What is newer than the records or reports it shows stays."""
    home = Path(output).resolve() if output else paths.output()
    index, records = home / "site" / "index.html", home / "reports" / "run.jsonl"
    if index.is_file() and records.is_file() and index.stat().st_mtime_ns > records.stat().st_mtime_ns:
        return index
    runs = sorted(
        Ledger(home).last.values(), key=lambda run: (run["status"] != "failed", run["notebook"], run["output"])
    )
    there = [run | {"report": report} for run in runs if (report := home / (run["kept"] or run["output"])).is_file()]
    for run in there:
        run["page"] = Path(run["output"]).relative_to("reports").with_suffix(".html").as_posix()
        page = home / "site" / run["page"]
        if not page.is_file() or page.stat().st_mtime_ns < run["report"].stat().st_mtime_ns:
            paths.write(page, _page(run).encode())
    groups: dict[str, list[dict[str, Any]]] = {}
    for run in there:
        groups.setdefault(run["notebook"], []).append(run)
    failed = sum(run["status"] == "failed" for run in there)
    paths.write(index, _templates().get_template("index.html").render(groups=groups, failed=failed).encode())
    return index


def _page(run: dict[str, Any]) -> str:
    body, _ = _exporter().from_filename(str(run["report"]))
    words = {"title": run["title"], "lang": run["parameters"].get("lang", "en"), "up": "../" * run["page"].count("/")}
    return _templates().get_template("report.html").render(body=body, run=run, **words)


@cache
def _exporter() -> Any:
    from nbconvert import HTMLExporter

    return HTMLExporter(template_name="basic", exclude_input=True, exclude_output_prompt=True)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("vnegov.atlas"), autoescape=select_autoescape(), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
