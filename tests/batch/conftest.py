"""A small project in a temporary folder: two notebooks, three tables, and the means to run plans on them."""

import io
import json
import os
import re
import tempfile
from concurrent.futures import Executor, Future
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from rich.console import Console

from vnegov.batch import runner, warm_kernel
from vnegov.batch.fingerprint import Fingerprints, Tables
from vnegov.batch.plan import Plan, RunTable

KERNEL = Path(warm_kernel.__file__).parent / "kernels" / "vnegov-warm" / "kernel.json"
WARM = json.loads(KERNEL.read_text(encoding="utf-8"))

PROFILE = """
import os, pathlib
figure = pathlib.Path(os.environ["VNEGOV_OUTPUT"], "figures", f"{province}-{year}-{lang}.svg")
figure.parent.mkdir(parents=True, exist_ok=True)
figure.write_text(f"<svg>{province} {year}</svg>")
with open(os.environ["VNEGOV_WRITTEN"], "a") as written:
    print(figure, file=written)
print(province, year, lang)
"""


def notebook(path: Path, parameters: str, code: str, reads: dict | None = None, title: str = "A title") -> Path:
    """Write a template with one tagged parameters cell."""
    tagged = new_code_cell(parameters, metadata={"tags": ["parameters"]})
    content = new_notebook(cells=[new_markdown_cell(f"# {title}"), tagged, new_code_cell(code)])
    content.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    if reads is not None:
        content.metadata["vnegov"] = {"reads": reads}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(content, path)
    return path


class Here(Executor):
    """Runs what is submitted at once, in this process."""

    def submit(self, work, /, *args, **kwargs):
        future = Future()
        future.set_result(work(*args, **kwargs))
        return future


@pytest.fixture(scope="session", autouse=True)
def light_kernel(tmp_path_factory: pytest.TempPathFactory):
    """The kernel `light`: warm, but with next to nothing imported beforehand, so that it is there at once."""
    folder = tmp_path_factory.mktemp("jupyter")
    (folder / "kernels" / "light").mkdir(parents=True)
    spec = json.loads(json.dumps(WARM))
    spec["metadata"]["kernel_provisioner"]["config"]["preload"] = ["ipykernel.kernelapp", "ipykernel.debugger"]
    (folder / "kernels" / "light" / "kernel.json").write_text(json.dumps(spec))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        if os.environ.get("PYTHONDONTWRITEBYTECODE"):  # what is started many times shall start sooner
            patch.delenv("PYTHONDONTWRITEBYTECODE")
            patch.setenv("PYTHONPYCACHEPREFIX", str(Path(tempfile.gettempdir(), "vnegov-bytecode")))
        yield


class Project:
    """A folder with notebooks/, tables and an output folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.notebooks, self.tables = root, root / "notebooks", root / "processed"
        self.output, self.library = root / "out", root / "vnegov"
        self.lock = root / "requirements.lock"
        self.shown, self.here = "", Here()

    def table(self, name: str, rows: list[dict]) -> None:
        self.tables.mkdir(exist_ok=True)
        pd.DataFrame(rows).to_csv(self.tables / f"{name}.csv", index=False)

    def notebook(self, name: str, parameters: str, code: str, reads: dict | None = None) -> Path:
        return notebook(self.notebooks / f"{name}.ipynb", parameters, code, reads)

    def plan(self, *tables: dict) -> Plan:
        return Plan([RunTable(**table) for table in tables], self.notebooks, Tables(self.tables))

    def fingerprints(self) -> Fingerprints:
        return Fingerprints(Tables(self.tables), self.library, self.lock)

    def run(self, *tables: dict, **options) -> int:
        """Run a plan of these tables; what was printed is in `shown`."""
        console = Console(file=io.StringIO(), width=400)
        options = {"output": self.output, "workers": 1, "executor": self.here} | options
        options.setdefault("fingerprints", self.fingerprints())
        code = runner.run(self.plan(*tables), console=console, **options)
        self.shown = console.file.getvalue()
        return code

    def records(self) -> dict[str, dict]:
        lines = (self.output / "reports" / "run.jsonl").read_text(encoding="utf-8").splitlines()
        return {record["output"]: record for record in map(json.loads, lines)}

    def outputs(self) -> dict[str, str]:
        """Every output below the output folder, without what differs from one run to the next."""
        found = {}
        for path in sorted(p for p in self.output.rglob("*") if p.is_file() and p.name[0] != "."):
            name = path.relative_to(self.output).as_posix()
            if path.suffix == ".ipynb":
                content = json.loads(path.read_text(encoding="utf-8"))
                run = content["metadata"]["vnegov"]["run"]
                shown = [c.get("outputs") for c in content["cells"]]
                keep = {k: run[k] for k in ("fingerprint", "status", "figures", "title", "parts")}
                found[name] = json.dumps([keep, re.sub(r"0x[0-9a-f]+", "", str(shown))], sort_keys=True)
            elif name != "reports/run.jsonl":
                found[name] = path.read_text(encoding="utf-8")
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Scores of three provinces (and of one after the merger), and a notebook that draws one figure each."""
    project = Project(tmp_path)
    scores = [
        {"index": "dti", "edition": year, "geography": "63", "province_code": code, "component": "overall", "rank": 1}
        for year in (2021, 2022)
        for code in ("01", "26", "82")
    ]
    scores += [{"index": "dti", "edition": 2025, "geography": "34", "province_code": "82", "component": "overall"}]
    scores += [{"index": "pci", "edition": 2019, "geography": "63", "province_code": "26", "component": "overall"}]
    project.table("scores", scores)
    project.table("provinces", [{"geography": "63", "code": "26", "name_vi": "Vĩnh Phúc"}])
    seen = [{"geography": "63", "province_code": code, "period_end": "2021-12-31", "value": 1} for code in ("26", "82")]
    project.table("observations", seen)
    own = {"observations": ["geography", "province_code"], "scores": ["geography", "province_code"]}
    project.notebook("profile", 'province = "Vĩnh Phúc"\nyear = 2021\nlang = "en"', PROFILE, own)
    project.lock.write_text("pandas==3\n")
    (project.library / "charts").mkdir(parents=True)
    (project.library / "__init__.py").write_text("")
    return project


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes minutes; runs only with `-m slow`")


def pytest_collection_modifyitems(config, items):
    if "slow" not in config.option.markexpr:
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow: give -m slow"))
