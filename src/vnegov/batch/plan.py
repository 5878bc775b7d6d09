"""Plans: which notebooks run for which provinces, years, editions and languages.

A plan is a TOML file of `[[runs]]` tables. It expands lazily, in a fixed order, to runs whose parameters have
been checked; what is wrong with it is gathered, and told all at once.
"""

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from vnegov import paths
from vnegov.batch.fingerprint import Tables
from vnegov.batch.parameters import Parameters, Template, geography, model
from vnegov.data import provinces
from vnegov.errors import PlanError, UnknownProvince

ALL, EXISTS = "all", "where data exists"
WORDS = {ALL, EXISTS}
AXES = {"indices": "index", "editions": "edition", "years": "year", "geographies": "geography",
        "provinces": "province", "langs": "lang"}  # fmt: skip
NAMED = ("index", "province", "edition", "year", "geography", "lang")  # in this order in an output's name
Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run: a template, the parameters to hand to it, the keys they resolve to, where its output goes."""

    template: Template
    parameters: dict[str, Any]
    keys: dict[str, str]
    output: str  # below the output folder, with forward slashes


class RunTable(BaseModel):
    """One `[[runs]]` table. An axis that is not given keeps the notebook's own default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    notebook: str
    indices: Values = ()
    editions: Values = ()
    years: Values = ()
    geographies: Values = ()
    provinces: Values = ()
    langs: Values = ()
    parameters: dict[str, Any] = {}
    include: tuple[dict[str, Any], ...] = ()
    exclude: tuple[dict[str, Any], ...] = ()

    @field_validator(*AXES, mode="before")
    @classmethod
    def _listed(cls, given: Any) -> Values:
        found: list[Any] = []
        for value in given if isinstance(given, (list, tuple)) else [given]:
            span = re.fullmatch(r"\s*(\d{4})\s*[-–]\s*(\d{4})\s*", str(value))
            found += range(int(span[1]), int(span[2]) + 1) if span else [value]
        return tuple(found)

    def grids(self) -> list[dict[str, Values]]:
        """parameter → the values that it takes: of the table, then of each `include` laid over it."""
        grid = {name: values for axis, name in AXES.items() if (values := getattr(self, axis))}
        grid |= {n: tuple(v) if isinstance(v, list) else (v,) for n, v in self.parameters.items()}
        return [grid, *(grid | {n: (v,) for n, v in entry.items()} for entry in self.include)]


@dataclass
class Plan:
    """A plan that can be walked any number of times; `faults` fills as it is."""

    tables: Sequence[RunTable]
    notebooks: Path = field(default_factory=lambda: paths.NOTEBOOKS)
    data: Tables = field(default_factory=Tables)
    faults: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.code = cache(self._code)
        self.template = cache(lambda name: Template.read(self.notebooks / f"{name}.ipynb"))

    def check(self) -> None:
        """Raise `PlanError` that lists every fault found in walking the plan."""
        if self.faults:
            raise PlanError("\n".join(self.faults))

    def __iter__(self) -> Iterator[Run]:
        seen: set[str] = set()
        for table in self.tables:
            try:
                for run in self._expand(table):
                    if run.output not in seen:
                        seen.add(run.output)
                        yield run
            except PlanError as error:
                self._fault(table, str(error))

    def _fault(self, table: RunTable, message: str) -> None:
        self.faults[f"{table.notebook}: {message}"] = None

    def _expand(self, table: RunTable) -> Iterator[Run]:
        if not (self.notebooks / f"{table.notebook}.ipynb").exists():
            there = [path.stem for path in self.notebooks.glob("*.ipynb")]
            near = ", ".join(difflib.get_close_matches(table.notebook, there, cutoff=0))
            raise PlanError(f"no such notebook in {self.notebooks}; nearest: {near or 'none'}")
        template = self.template(table.notebook)
        given = {name for entry in (*table.grids(), *table.exclude) for name in entry}
        if unknown := ", ".join(sorted(given - template.defaults.keys())):
            raise PlanError(f"it does not take {unknown}; it has {', '.join(template.defaults) or 'none'}")
        fields = model(template)
        for grid in table.grids():
            for chosen in self._combinations(list(template.defaults), grid, template, {}):
                try:
                    parameters = fields.model_validate(chosen, context=self.data)
                except ValidationError as error:
                    for wrong in error.errors():
                        said = wrong["msg"].removeprefix("Value error, ")
                        self._fault(table, f"{'.'.join(map(str, wrong['loc']))}: {said}")
                    continue
                run = _run(template, parameters)
                if not any(self._matches(run.keys, entry) for entry in table.exclude):
                    yield run

    def _combinations(
        self, names: list[str], grid: dict[str, Values], template: Template, chosen: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        if not names:
            yield chosen
            return
        for value in self._candidates(names[0], grid, template, chosen):
            yield from self._combinations(names[1:], grid, template, chosen | {names[0]: value})

    def _candidates(
        self, name: str, grid: dict[str, Values], template: Template, chosen: dict[str, Any]
    ) -> Iterable[Any]:
        """The values that one parameter takes, those before it being chosen."""
        given = grid.get(name, (template.defaults[name],))
        if name == "province":
            return self._provinces(given, grid, template, chosen)
        if not (words := WORDS & set(given)):
            return given
        if name in ("index", "edition"):
            editions = self.data.editions
            return editions if name == "index" else editions.get(chosen.get("index", ""), [])
        if name == "year":
            some = {year for _, year in self.data.coverage(template.evidence)}
            return self.data.years if ALL in words else sorted(some)
        return ("en", "vi") if name == "lang" else given

    def _provinces(
        self, given: Values, grid: dict[str, Values], template: Template, chosen: dict[str, Any]
    ) -> Iterator[Any]:
        """The provinces of one year: those asked for that exist then and, if so worded, have data."""
        here, year = geography(chosen), chosen.get("year")
        there = self.data.coverage(template.evidence).get((here, year or 0), set())
        years = set(grid.get("year", ()))
        for province in provinces.names(here) if WORDS & set(given) else given:
            code = self.code(province, here)
            if code is None:  # the model complains, unless it is a province of the other geography
                if not WORDS & years or not any(self.code(province, g) for g in provinces.GEOGRAPHIES):
                    yield province
            elif year is None or EXISTS not in years | set(given) or code in there:
                yield code

    def _code(self, province: object, here: str) -> str | None:
        try:
            return provinces.resolve(province, here)
        except UnknownProvince:
            return None

    def _matches(self, keys: dict[str, str], entry: dict[str, Any]) -> bool:
        for name, value in entry.items():
            values = value if isinstance(value, list) else [value]
            if name == "province":
                name, values = "province_code", [self.code(v, keys["geography"]) for v in values]
            if keys[name] not in map(str, values):
                return False
        return True


def _run(template: Template, parameters: Parameters) -> Run:
    values, keys = dict(parameters), parameters.resolved()
    shown = values | (
        {"province": _slug(keys["province_code"], keys["geography"])} if "province" in values else {}
    )
    named = [str(shown[name]) for name in NAMED if shown.get(name) is not None]
    named += [f"{n}={v}" for n, v in values.items() if n not in NAMED and v != template.defaults[n]]
    stem = re.sub(r"[^\w=.-]+", "_", "-".join(named)) or template.name
    return Run(template, values, keys, f"reports/{template.name}/{stem}.ipynb")


_slug = cache(provinces.slug)


def load(path: str | Path) -> Plan:
    """The plan in a TOML file. Raises `PlanError` for its form; its values are checked as it expands."""
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        there = ", ".join(sorted(p.name for p in paths.PLANS.glob("*.toml"))) or "none"
        raise PlanError(
            f"{path} cannot be read as a plan: {error} (plans in {paths.PLANS}: {there})"
        ) from error
    if extra := ", ".join(sorted(content.keys() - {"title", "runs"})):
        raise PlanError(f"{path}: unknown: {extra}; a plan has a title and [[runs]] tables")
    return Plan(_tables(content.get("runs", []), str(path)))


def from_options(notebook: str, **axes: Any) -> Plan:
    """The plan of one notebook from lists of text, as a command line gives them.

    `axes`: indices, editions, years, geographies, provinces, langs; an empty one keeps the notebook's default.
    """
    table: dict[str, Any] = {axis: list(values) for axis, values in axes.items() if values}
    for axis in {"years", "editions"} & table.keys():
        table[axis] = [int(v) if str(v).strip().isdigit() else v for v in table[axis]]
    return Plan(
        _tables([{"notebook": Path(notebook).name.removesuffix(".ipynb"), **table}], "the command line")
    )


def _tables(tables: list[dict[str, Any]], where: str) -> list[RunTable]:
    found, faults = [], [] if tables else [f"{where}: no [[runs]] table"]
    for number, content in enumerate(tables, 1):
        try:
            found.append(RunTable.model_validate(content))
        except ValidationError as error:
            for wrong in error.errors():
                faults.append(
                    f"{where}, [[runs]] {number}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
                )
                if wrong["type"] == "extra_forbidden":
                    faults[-1] += f" (a table has {', '.join(RunTable.model_fields)})"
    if faults:
        raise PlanError("\n".join(faults))
    return found
