"""Where figures come from: the register of sources, and the sidecar that stands beside every raw file."""

import csv
import hashlib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from vnegov import paths
from vnegov.errors import BadRawFile

SUFFIX = ".source.yml"
FORMULA = ("=", "+", "-", "@")  # what a spreadsheet takes for the begin of a formula


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Publication(BaseModel):
    """Who published figures, where and when, under which terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line
    publisher: Line
    url: Annotated[str, StringConstraints(max_length=1000, pattern=r"^(https?://\S+)?$")]
    published: Annotated[str, StringConstraints(pattern=r"^(\d{4}(-\d\d){0,2})?$")]
    licence: Line
    trust: Literal["official", "dataset", "press", "seed"]


class Sidecar(Publication):
    """The publication that a raw file is of, when it was read, and the checksum of its bytes."""

    accessed: str
    source_id: str | None
    sha256: str
    note: str = ""


@cache
def register() -> dict[str, dict[str, str]]:
    """The sources by id, as in data/raw/sources/sources.csv."""
    with (paths.RAW / "sources" / "sources.csv").open(encoding="utf-8") as file:
        return {row["source_id"]: row for row in csv.DictReader(file)}


def as_text(value: object) -> str | None:
    """A text for a CSV file: where a spreadsheet would take it for a formula, an apostrophe stands before it."""
    if value is None:
        return None
    return f"'{value}" if str(value).startswith(FORMULA) else str(value)


def checksum(path: Path) -> str:
    """The SHA-256 of a file's bytes, as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sidecar(path: Path) -> Sidecar:
    """The sidecar of one raw file, checked against the file's bytes. Raises `BadRawFile`."""
    name, beside = paths.relative(path), path.with_name(path.name + SUFFIX)
    if not beside.is_file():
        raise BadRawFile(f"{name} has no sidecar: write {beside.name} beside it (who, where, when, licence, sha256)")
    try:
        given = Sidecar.model_validate(yaml.safe_load(beside.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise BadRawFile(f"{paths.relative(beside)} is not a valid sidecar: {error}") from None
    if given.sha256 != checksum(path):
        raise BadRawFile(
            f"{name} is not the file that its sidecar describes: its bytes have changed (sha256 differs). "
            f"Raw files are never edited; put the published file back, or a correction in data/raw/corrections.yml"
        )
    if given.source_id not in (None, *register()):
        raise BadRawFile(f"{paths.relative(beside)}: source_id {given.source_id!r} is not in sources.csv")
    return given


def settle() -> None:
    """Put in its place what an import wrote beside it and signed (its sidecar is there) before it was killed."""
    for partial in paths.RAW.rglob(".*.partial"):
        path = partial.with_name(partial.name[1:].removesuffix(".partial"))
        beside = path.with_name(path.name + SUFFIX)
        if beside.is_file() and checksum(partial) in beside.read_text(encoding="utf-8"):
            partial.replace(path)
            register.cache_clear()


def verify() -> dict[Path, Sidecar]:
    """Every raw file with its sidecar; raises one `BadRawFile` that names every file that is not in order."""
    settle()
    found, faults = {}, []
    files = sorted(path for path in paths.RAW.rglob("*") if path.is_file() and not path.name.startswith((".", "~$")))
    for path in files:
        if path.name == "corrections.yml":  # the project's own words, no publication
            continue
        try:
            if not path.name.endswith(SUFFIX):
                found[path] = sidecar(path)
            elif not path.with_name(path.name.removesuffix(SUFFIX)).is_file():
                raise BadRawFile(f"{paths.relative(path)} describes a file that is not there")
        except BadRawFile as fault:
            faults.append(str(fault))
    if faults:
        raise BadRawFile("\n".join(faults))
    return found
