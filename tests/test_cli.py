"""The command line, as a user meets it."""

import subprocess
import sys

import pytest

from vnegov import cli


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    assert stop.value.code == 0
    told = capsys.readouterr().out
    for command in ("build", "batch", "check", "trace", "import", "template", "add"):
        assert f"\n    {command} " in told


def test_a_plan_and_a_notebook_at_once_are_refused(capsys):
    assert cli.main(["batch"]) == 2
    assert "either a plan file" in capsys.readouterr().err


def test_an_unknown_province_is_refused_before_anything_runs(capsys, tmp_path):
    wanted = ["--notebook", "03_province_profile", "--province", "Vinh Fuc", "--year", "2022"]
    assert cli.main(["batch", *wanted, "--output", str(tmp_path)]) == 2
    told = "".join(capsys.readouterr())
    assert "Vinh Fuc" in told
    assert "Vĩnh Phúc" in told
    assert not list(tmp_path.rglob("*.ipynb"))


def test_starting_up_imports_nothing_heavy():
    heavy = {"pandas", "matplotlib", "numpy", "papermill"}
    code = f"import sys, vnegov, vnegov.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
