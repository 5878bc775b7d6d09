"""Plans: which notebooks run for which provinces, years, editions and languages.

A plan is a TOML file of `[[runs]]` tables. It expands lazily, in a fixed order, to runs whose parameters were
checked by a pydantic model of the notebook's own; what is wrong with it is gathered, and told all at once.
"""

import ast
import difflib
import json
import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
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
AXES = {
    "indices": "index", "provinces": "province", "editions": "edition", "years": "year", "geographies": "geography",
    "langs": "lang",
}  # fmt: skip  # the parameters, in this order in an output's name
Chosen = dict[str, Any]
_find, _slug = cache(provinces.find), cache(provinces.slug)


def _several(given: Any) -> list[Any]:
    """A value, or a list of them; "2019-2022" is four years."""
    found: list[Any] = []
    for value in given if isinstance(given, (list, tuple)) else [given]:
        span = re.fullmatch(r"(\d{4})(?:\s*[-–]\s*(\d{4}))?", str(value).strip())
        found += range(int(span[1]), int(span[2] or span[1]) + 1) if span else [value]
    return found


Values = Annotated[tuple[Any, ...], BeforeValidator(_several)]


def _geography(chosen: Chosen) -> str:
    return chosen.get("geography") or provinces.geography_of(int(chosen.get("year") or 2024))


def _options(name: str, chosen: Chosen, data: Tables) -> Collection[Any]:
    """All that a parameter can be, those before it being chosen."""
    if name == "edition":
        return data.editions.get(chosen.get("index", ""), sorted(set().union(*data.editions.values())))
    if name == "province":
        return provinces.names(_geography(chosen))
    if name == "geography" and (edition := (chosen.get("index"), chosen.get("edition"))) in data.published:
        return sorted(data.published[edition])
    known = {"index": data.editions, "year": data.years, "geography": provinces.GEOGRAPHIES, "lang": ("en", "vi")}
    return known.get(name, ())


def _complaint(what: str, value: Any, options: Collection[Any]) -> PlanError:
    near = difflib.get_close_matches(str(value), map(str, options), cutoff=0)
    if isinstance(value, int):
        near = [str(option) for option in sorted(options, key=lambda option: abs(option - value))[:3]]
    return PlanError(f"{what} {value!r}; nearest: {', '.join(near) or 'none'}")


def _check(value: Any, info: Any) -> Any:
    name = info.field_name
    options = _options(name, info.data, info.context)
    if value is None or value in options:
        return value
    chosen = " ".join(str(info.data[before]) for before in ("index", "edition") if before in info.data)
    raise _complaint(f"{chosen} has no {name}" if chosen else f"there is no {name}", value, options)


TYPES: dict[str, Any] = {  # in the order in which they are checked: a province needs its year
    "index": Annotated[str, AfterValidator(_check)],
    "edition": Annotated[int, AfterValidator(_check)],
    "year": Annotated[int, AfterValidator(_check)],
    "geography": Annotated[Literal["63", "34"] | None, AfterValidator(_check)],
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
        self.text = json.dumps(self.content)
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
        named = [str(shown[name]) for name in AXES.values() if shown.get(name) is not None]
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

    def matches(self, entry: dict[str, Values]) -> bool:
        """Whether each parameter is one of what an entry of `exclude` names."""
        here = self.keys.get("geography", "63")
        wanted = {n: [_find(v, here) for v in values] if n == "province" else values for n, values in entry.items()}
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
    parameters: dict[str, Values] = {}
    include: tuple[dict[str, Values], ...] = ()
    exclude: tuple[dict[str, Values], ...] = ()

    def grids(self) -> list[dict[str, Values]]:
        """parameter → the values that it takes: of the table, then of each `include` laid over it."""
        grid = {name: getattr(self, axis) for axis, name in AXES.items() if getattr(self, axis)} | self.parameters
        return [grid, *(grid | entry for entry in self.include)]


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
        if table.notebook not in there:
            raise _complaint(f"no such notebook in {self.notebooks}:", table.notebook, there)
        template = Template(self.notebooks / f"{table.notebook}.ipynb")
        given = {name for entry in (*table.grids(), *table.exclude) for name in entry}
        if unknown := ", ".join(sorted(given - template.defaults.keys())):
            raise PlanError(f"it does not take {unknown}; it has {', '.join(template.defaults) or 'none'}")
        for grid in table.grids():
            choices: Iterator[Chosen] = iter([{}])
            for name, default in template.defaults.items():
                choices = self._choose(name, grid.get(name, (default,)), choices)
                if name in ("year", "province"):
                    choices = self._meant(choices, grid, template.evidence)
                if name == "geography" and WORDS & set(grid.get("edition", ())):
                    choices = filter(self._published, choices)
            for chosen in choices:
                try:
                    run = template.run(dict(template.model.model_validate(chosen, context=self.data)))
                except ValidationError as error:
                    faults |= dict.fromkeys(f"{table.notebook}: {said}" for said in _said(error))
                    continue
                if not any(map(run.matches, table.exclude)):
                    yield run

    def _choose(self, name: str, given: Values, choices: Iterator[Chosen]) -> Iterator[Chosen]:
        """Each choice of the parameters before this one, with each value that this one takes then."""
        word = bool(WORDS & set(given))
        for chosen in choices:
            for value in _options(name, chosen, self.data) if word else given:
                yield chosen | {name: value}

    def _published(self, chosen: Chosen) -> bool:
        """Whether the edition chosen is published for the geography, where one is asked for."""
        return chosen["geography"] in (None, *_options("geography", chosen, self.data))

    def _meant(self, choices: Iterator[Chosen], grid: dict[str, Values], evidence: tuple[str, ...]) -> Iterator[Chosen]:
        """The choices that the words for provinces and years mean; a name that is none is for the model to refuse."""
        any_year = WORDS & set(grid.get("year", ()))
        exists = EXISTS in any_year | set(grid.get("province", ()))
        for chosen in choices:
            here, year, province = _geography(chosen), chosen.get("year"), chosen.get("province")
            code = _find(province, here)
            if province and code is None:  # one of the other geography is no fault in a year that nobody named
                wanted = not any_year or not any(_find(province, other) for other in provinces.GEOGRAPHIES)
            elif exists and year is not None:
                there = self.data.coverage(evidence).get((here, year), ())
                wanted = code in there if code else bool(there)
            else:
                wanted = True
            if wanted:
                yield chosen


def _said(error: ValidationError) -> list[str]:
    wrong = [(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in error.errors()]
    return [f"{where}: {message}" for where, message in wrong]


def load(path: str | Path) -> Plan:
    """The plan in a TOML file. Raises `PlanError` for its form; its values are checked as it expands."""
    try:
        return Plan(PlanFile.model_validate(tomllib.loads(Path(path).read_text(encoding="utf-8"))).runs)
    except ValidationError as error:
        form = f"a plan has a title and [[runs]] tables of {', '.join(RunTable.model_fields)}"
        raise PlanError("\n".join([*(f"{path}: {said}" for said in _said(error)), form])) from error
    except (OSError, tomllib.TOMLDecodeError) as error:
        there = ", ".join(sorted(p.name for p in paths.PLANS.glob("*.toml"))) or "none"
        raise PlanError(f"{path} cannot be read as a plan: {error} (plans in {paths.PLANS}: {there})") from error


def from_options(notebook: str, **axes: Any) -> Plan:
    """The plan of one notebook from lists of values, as a command line gives them.

    `axes`: indices, editions, years, geographies, provinces, langs; an empty one keeps the notebook's default.
    """
    return Plan([RunTable(notebook=Path(notebook).stem, **axes)])
