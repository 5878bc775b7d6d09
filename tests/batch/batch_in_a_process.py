"""A batch as a program, for tests that kill it: `python batch_in_a_process.py PROJECT RUNS WORKERS EXECUTOR`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Project
from rich.console import Console

from vnegov.batch import runner

TABLE = {"notebook": "profile", "provinces": "all", "years": [2021], "langs": ["en"]}


def tables(runs: int) -> dict:
    from vnegov.data import provinces

    return TABLE | {"provinces": sorted(provinces.names("63"))[:runs]}


if __name__ == "__main__":
    project = Project(Path(sys.argv[1]))
    options = {"executor": sys.argv[4], "fingerprints": project.fingerprints()}
    plan = project.plan(tables(int(sys.argv[2])))
    sys.exit(runner.run(plan, output=project.output, workers=int(sys.argv[3]), console=Console(), **options))
