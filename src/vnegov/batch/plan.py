"""Plans: which notebooks run for which provinces, years, editions and languages.

A plan is a TOML file of `[[runs]]` tables. It expands lazily, in a fixed order, to runs whose parameters were
checked by a pydantic model of the notebook's own; what is wrong with it is gathered, and told all at once.
"""

import ast
import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import AfterValidator, BaseModel, BeforeValidator, ValidationError

from vnegov import paths
from vnegov.batch.fingerprint import TIME, Tables
from vnegov.data import provinces
from vnegov.errors import PlanError

EXISTS = "where data exists"
WORDS = {"all", EXISTS}
NAMES = ("index", "province", "edition", "year", "geography", "lang")  # in this order in an output's name
AXES = dict(zip(("indices", "provinces", "editions", "years", "geographies", "langs"), NAMES, strict=True))
Chosen = dict[str, Any]
Values = tuple[Any, ...]
_find, _slug = cache(provinces.find), cache(provinces.slug)


def _known(value: Any, known: Iterable[Any], complaint: str) -> Any:
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), map(str, known), cutoff=0)
    if isinstance(value, int):
        near = [str(other) for other in sorted(known, key=lambda other: abs(other - value))[:3]]
    raise PlanError(f"{complaint} {value!r}; nearest: {', '.join(near) or 'none'}")


def _geography(chosen: Chosen) -> str:
    return chosen.get("geography") or provinces.geography_of(int(chosen.get("year") or 2024))


def _edition(edition: int, info: Any) -> int:
    index, known = info.data.get("index"), info.context.editions
    editions = known[index] if index else {e for of in known.values() for e in of}
    return _known(edition, editions, f"{index} has no edition" if index else "there is no edition")


TYPES: dict[str, Any] = {  # in the order in which they are checked: a province needs its year
    "index": Annotated[str, AfterValidator(lambda v, i: _known(v, i.context.editions, "no index"))],
    "edition": Annotated[int, AfterValidator(_edition)],
    "year": Annotated[int, AfterValidator(lambda v, i: _known(v, i.context.years, "no table knows the year"))],
    "geography": Literal["63", "34"] | None,
    "province": Annotated[str, BeforeValidator(lambda v, i: provinces.resolve(v, _geography(i.data)))],
    "lang": Literal["en", "vi"],
}


class Parameters(BaseModel, frozen=True, extra="forbid", validate_default=True):
    """The base of every notebook's model. Validate with `context=Tables(...)`."""


class Template:
    """One notebook of `notebooks/`: its JSON without outputs, and what it says of itself."""

    def __init__(self, path: Path) -> None:
        self.name, self.path = path.stem, path
        try:
            self.content = json.loads(path.read_text(encoding="utf-8"))
            body = ast.parse("\n".join(self.sources("code", "parameters"))).body
            given = {ast.unparse(n.targets[0]): ast.literal_eval(n.value) for n in body if isinstance(n, ast.Assign)}
            said = self.content["metadata"].get("vnegov", {})
        except (ValueError, KeyError, OSError, SyntaxError) as error:
            raise PlanError(f"{path} cannot be read as a notebook: {error!r}") from error
        for cell in self.content["cells"]:
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
        self.defaults = {name: given[name] for name in dict.fromkeys([*TYPES, *given]) if name in given}
        self.reads: dict[str, list[str]] | None = said.get("reads")  # table → the keys that select its rows
        read = [table for table in TIME if self.reads is None or table in self.reads]
        self.evidence = tuple(said.get("exists", read))  # a row in one of these is something to show
        own: Any = {n: (TYPES.get(n, Any if v is None else type(v)), v) for n, v in self.defaults.items()}
        self.model: type[Parameters] = pydantic.create_model(self.name, __base__=Parameters, **own)

    def sources(self, kind: str, tag: str | None = None) -> list[str]:
        """The text of every cell of one kind ("code", "markdown"), or of those with a tag."""
        cells = [cell for cell in self.content["cells"] if cell["cell_type"] == kind]
        return ["".join(c["source"]) for c in cells if tag is None or tag in c["metadata"].get("tags", ())]

    def run(self, values: Chosen) -> "Run":
        """The run with these parameters, which the model has checked."""
        keys = {name: "" if value is None else str(value) for name, value in values.items()}
        if {"province", "year", "geography"} & keys.keys():
            keys["geography"] = _geography(values)
        shown = dict(values)
        if "province" in keys:
            keys["province_code"] = keys.pop("province")
            shown["province"] = _slug(keys["province_code"], keys["geography"])
        named = [str(shown[name]) for name in NAMES if shown.get(name) is not None]
        named += [f"{n}={v}" for n, v in values.items() if n not in TYPES and v != self.defaults[n]]
        stem = re.sub(r"[^\w=.-]+", "_", "-".join(named)) or self.name
        return Run(self, values, keys, f"reports/{self.name}/{stem}.ipynb")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: a template, the parameters to hand to it, the keys they resolve to, where its output goes."""

    template: Template
    parameters: Chosen
    keys: dict[str, str]  # that select the rows of tables
    output: str  # below the output folder, with forward slashes

    def matches(self, entry: Chosen) -> bool:
        """Whether each parameter is (one of) what an entry of `exclude` names."""
        here = self.keys.get("geography", "63")
        wanted = {n: [_find(v, here) if n == "province" else v for v in _list(given)] for n, given in entry.items()}
        return all(str(self.parameters[name]) in map(str, values) for name, values in wanted.items())


class RunTable(BaseModel, frozen=True, extra="forbid"):
    """One `[[runs]]` table. An axis that is not given keeps the notebook's own default."""

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

    @pydantic.field_validator(*AXES, mode="before")
    @classmethod
    def _listed(cls, given: Any) -> Values:
        found: list[Any] = []
        for value in _list(given):
            span = re.fullmatch(r"(\d{4})(?:\s*[-–]\s*(\d{4}))?", str(value).strip())
            found += range(int(span[1]), int(span[2] or span[1]) + 1) if span else [value]
        return tuple(found)

    def grids(self) -> list[dict[str, Values]]:
        """parameter → the values that it takes: of the table, then of each `include` laid over it."""
        grid = {name: getattr(self, axis) for axis, name in AXES.items() if getattr(self, axis)}
        grid |= {name: tuple(_list(given)) for name, given in self.parameters.items()}
        return [grid, *(grid | {name: (value,) for name, value in entry.items()} for entry in self.include)]


class PlanFile(BaseModel, frozen=True, extra="forbid"):
    """What a plan's file may hold."""

    title: str = ""
    runs: tuple[RunTable, ...] = pydantic.Field(min_length=1)


@dataclass(frozen=True)
class Plan:
    """A plan that can be walked any number of times; at the end that raises `PlanError` if anything was wrong."""

    tables: Sequence[RunTable]
    notebooks: Path = field(default_factory=lambda: paths.NOTEBOOKS)
    data: Tables = field(default_factory=Tables)

    def __iter__(self) -> Iterator[Run]:
        seen: set[str] = set()
        faults: dict[str, None] = {}
        for table in self.tables:
            try:
                for run in self._expand(table, faults):
                    if run.output not in seen:
                        seen.add(run.output)
                        yield run
            except ValueError as error:  # of the whole table: PlanError, UnknownProvince
                faults[f"{table.notebook}: {error}"] = None
        if faults:
            raise PlanError("\n".join(faults))

    def _expand(self, table: RunTable, faults: dict[str, None]) -> Iterator[Run]:
        there = [path.stem for path in self.notebooks.glob("*.ipynb")]
        name = _known(table.notebook, there, f"no such notebook in {self.notebooks}:")
        template = Template(self.notebooks / f"{name}.ipynb")
        given = {name for entry in (*table.grids(), *table.exclude) for name in entry}
        if unknown := ", ".join(sorted(given - template.defaults.keys())):
            raise PlanError(f"it does not take {unknown}; it has {', '.join(template.defaults) or 'none'}")
        for grid in table.grids():
            for chosen in self._combinations(list(template.defaults), {}, grid, template):
                try:
                    run = template.run(dict(template.model.model_validate(chosen, context=self.data)))
                except ValidationError as error:
                    faults |= dict.fromkeys(f"{table.notebook}: {said}" for said in _said(error))
                    continue
                if not any(run.matches(entry) for entry in table.exclude):
                    yield run

    def _combinations(
        self, names: list[str], chosen: Chosen, grid: dict[str, Values], template: Template
    ) -> Iterator[Chosen]:
        """Every choice of values for the parameters named, those before them being chosen."""
        if not names:
            yield chosen
            return
        name, *others = names
        given: Iterable[Any] = grid.get(name, (template.defaults[name],))
        if name == "province":
            given = self._provinces(tuple(given), chosen, grid.get("year", ()), template.evidence)
        elif WORDS & set(given):
            covered = {year for _, year in self.data.coverage(template.evidence)}
            words: dict[str, Iterable[Any]] = {
                "index": self.data.editions,
                "edition": self.data.editions.get(chosen.get("index", ""), []),
                "year": self.data.years if "all" in given else sorted(covered),
                "lang": ("en", "vi"),
            }
            given = words.get(name, given)
        for value in given:
            yield from self._combinations(others, chosen | {name: value}, grid, template)

    def _provinces(self, given: Values, chosen: Chosen, years: Values, evidence: Values) -> Iterator[Any]:
        """The provinces given, as codes; a name that is none stays as it is, for the model to complain of."""
        here, year = _geography(chosen), chosen.get("year")
        there = self.data.coverage(evidence).get((here, year), ()) if year and EXISTS in (*years, *given) else None
        for value in provinces.names(here) if WORDS & set(given) else given:
            code = _find(value, here)
            merged = code is None and any(_find(value, other) for other in provinces.GEOGRAPHIES)
            if merged and WORDS & set(years):  # of the other geography: nobody asked for it in this year
                continue
            if code is None or there is None or code in there:
                yield code or value


def _list(given: Any) -> Sequence[Any]:
    return given if isinstance(given, (list, tuple)) else [given]


def _said(error: ValidationError) -> list[str]:
    wrong = [(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in error.errors()]
    return [f"{where}: {message}" for where, message in wrong]


def load(path: str | Path) -> Plan:
    """The plan in a TOML file. Raises `PlanError` for its form; its values are checked as it expands."""
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        there = ", ".join(sorted(p.name for p in paths.PLANS.glob("*.toml"))) or "none"
        raise PlanError(f"{path} cannot be read as a plan: {error} (plans in {paths.PLANS}: {there})") from error
    return _plan(content, str(path))


def from_options(notebook: str, **axes: Any) -> Plan:
    """The plan of one notebook from lists of values, as a command line gives them.

    `axes`: indices, editions, years, geographies, provinces, langs; an empty one keeps the notebook's default.
    """
    given = {axis: values for axis, values in axes.items() if values}
    return _plan({"runs": [{"notebook": Path(notebook).stem, **given}]}, "the command line")


def _plan(content: Chosen, where: str) -> Plan:
    try:
        return Plan(PlanFile.model_validate(content).runs)
    except ValidationError as error:
        form = f"a plan has a title and [[runs]] tables of {', '.join(RunTable.model_fields)}"
        raise PlanError("\n".join([*(f"{where}: {said}" for said in _said(error)), form])) from error
