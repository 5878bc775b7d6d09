"""pyproject.toml, requirements.lock and environment.yml say the same."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from vnegov import paths

PROJECT = tomllib.loads((paths.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (paths.ROOT / "requirements.lock").read_text(encoding="utf-8")
CONDA = yaml.safe_load((paths.ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]


def declared():
    given = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    return {canonicalize_name(r.name): r.specifier for r in map(Requirement, given)}


def locked():
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.M)}


@pytest.mark.parametrize("name", sorted(declared()))
def test_what_is_declared_is_locked_at_a_version_that_it_allows(name):
    assert locked()[name] in declared()[name]


def test_conda_gets_the_same_packages_with_the_same_bounds():
    conda = {
        canonicalize_name(r.name): r.specifier for r in map(Requirement, filter(lambda d: isinstance(d, str), CONDA))
    }
    assert str(conda.pop("python")) == PROJECT["project"]["requires-python"]
    conda.pop("pip")
    assert conda == declared()


def test_every_locked_package_has_hashes():
    blocks = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.M)[1:]
    assert len(blocks) > 100
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_lock_names_no_host():
    assert not re.search(r"https?://|file://|--index|--find-links|--extra", LOCK)
