"""The README says what is there."""

import re

import pytest

from vnegov import paths
from vnegov.data import codebook

README = (paths.ROOT / "README.md").read_text(encoding="utf-8")


def test_the_codebook_is_that_of_the_schema():
    assert codebook.fill(README, "codebook", codebook.codebook()) == README


@pytest.mark.parametrize("page", ["README.md", "README.vi.md"])
def test_every_link_and_picture_leads_to_a_file(page):
    text = (paths.ROOT / page).read_text(encoding="utf-8")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (paths.ROOT / link).exists()] == []


def test_every_make_target_that_is_named_is_there():
    makefile = (paths.ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+) ", README, re.M))
    assert {a or b for a, b in named} <= set(re.findall(r"^([a-z]+):", makefile, re.M))
