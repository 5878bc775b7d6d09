"""What a run may be given: a template notebook, and one frozen pydantic model made from its parameters cell.

Names, codes, years and editions are checked against the data; a message names the nearest valid ones.
"""

import ast
import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo, create_model

from vnegov.batch.fingerprint import TIME, Tables
from vnegov.data import provinces
from vnegov.errors import PlanError, UnknownYear


@dataclass(frozen=True, eq=False)
class Template:
    """One notebook of `notebooks/`: its name (the file's stem), its path, and its JSON without outputs."""

    name: str
    path: Path
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Template":
        """The template at `path`."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        except (ValueError, KeyError, OSError) as error:
            raise PlanError(f"{path} cannot be read as a notebook: {error!r}") from error
        for cell in code:
            cell |= {"outputs": [], "execution_count": None}
        return cls(path.stem, path, content)

    def sources(self, kind: str, tag: str | None = None) -> list[str]:
        """The text of every cell of one kind ("code", "markdown"), or of those with a tag."""
        cells = [cell for cell in self.content["cells"] if cell["cell_type"] == kind]
        return ["".join(c["source"]) for c in cells if tag is None or tag in c["metadata"].get("tags", ())]

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What the cell tagged `parameters` assigns, name → default; names that others depend on come first."""
        found: dict[str, Any] = {}
        for node in ast.parse("\n".join(self.sources("code", "parameters"))).body:
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {t.id: ast.literal_eval(node.value) for t in targets if isinstance(t, ast.Name)}
        return {name: found[name] for name in dict.fromkeys([*TYPES, *found]) if name in found}

    @cached_property
    def reads(self) -> dict[str, dict[str, str]] | None:
        """table → {key column: run key that selects rows}; no columns: all rows. None: it does not say."""
        said = self.content["metadata"].get("vnegov", {}).get("reads")
        return said and {
            t: k if isinstance(k, dict) else dict(zip(k, k, strict=True)) for t, k in said.items()
        }

    @cached_property
    def evidence(self) -> tuple[str, ...]:
        """The tables of which one row must exist for a run to have something to show."""
        said = self.content["metadata"].get("vnegov", {}).get("exists")
        return tuple(said or (table for table in TIME if self.reads is None or table in self.reads))


class Parameters(BaseModel):
    """The base of every notebook's model. Validate with `context=Tables(...)`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    def resolved(self) -> dict[str, str]:
        """The parameters as text, with `province_code` and `geography`: the keys that select table rows."""
        values = dict(self)
        found = {n: "" if v is None else str(v) for n, v in values.items()}
        if "province" in found:
            found["province_code"] = found.pop("province")
        return found | (
            {"geography": geography(values)} if {"province", "year", "geography"} & set(values) else {}
        )


def geography(chosen: dict[str, Any]) -> str:
    """The geography that a run is in: the one given, else the one in force in its year, else "63"."""
    return chosen.get("geography") or provinces.geography_of(int(chosen.get("year") or 2024))


def _checked(year: int, known: Sequence[int], complaint: str) -> int:
    if year in known:
        return year
    near = ", ".join(str(y) for y in sorted(known, key=lambda other: abs(other - year))[:3])
    raise UnknownYear(f"{complaint} {year}; nearest: {near or 'none'}")


def _year(year: int, info: ValidationInfo[Tables]) -> int:
    return _checked(year, info.context.years, "the tables know nothing of the year")


def _edition(edition: int, info: ValidationInfo[Tables]) -> int:
    known, index = info.context.editions, info.data.get("index")
    editions = known.get(index, []) if index else sorted({e for of in known.values() for e in of})
    return _checked(edition, editions, f"{index or 'no index'} has {'no' if index else 'an'} edition")


def _index(index: str, info: ValidationInfo[Tables]) -> str:
    if index in info.context.editions:
        return index
    near = ", ".join(difflib.get_close_matches(index, info.context.editions, cutoff=0))
    raise ValueError(f"no index {index!r}; nearest: {near or 'none'}")


def _province(name: object, info: ValidationInfo[Tables]) -> str:
    return provinces.resolve(name, geography(info.data))


TYPES: dict[str, Any] = {  # in the order in which they are checked: a province needs its year
    "index": Annotated[str, AfterValidator(_index)],
    "edition": Annotated[int, AfterValidator(_edition)],
    "year": Annotated[int, AfterValidator(_year)],
    "geography": Literal["63", "34"] | None,
    "province": Annotated[str, BeforeValidator(_province)],
    "lang": Literal["en", "vi"],
}


def model(template: Template) -> type[Parameters]:
    """The model of a notebook's parameters; a name that is not of the domain has its default's type."""
    other = {n: Any if v is None else type(v) for n, v in template.defaults.items()}
    fields: dict[str, Any] = {n: ((other | TYPES)[n], v) for n, v in template.defaults.items()}
    return create_model(f"Parameters of {template.name}", __base__=Parameters, **fields)
