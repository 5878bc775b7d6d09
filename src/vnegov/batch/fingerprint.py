"""What a run depends on, as hashes: while they stay the same, its output stays good.

The parts are kept apart, so that a stale run can say what changed: `code`, `text`, `parameters`, `lock`,
`data:<table>` (only the rows that the run selects) and `modules:<name>` (only what its notebook imports).
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pandas as pd

from vnegov import paths
from vnegov.data import provinces
from vnegov.errors import PlanError

TIME = {"scores": "edition", "observations": "period_end", "agencies": "year"}
PACKAGE = "vnegov"
NO_ROWS = "0" * 16


def digest(*texts: str | bytes) -> str:
    """Sixteen hex digits for a sequence of texts."""
    hashed = blake2b(digest_size=8)
    for text in texts:
        data = text.encode() if isinstance(text, str) else text
        hashed.update(len(data).to_bytes(8, "little") + data)
    return hashed.hexdigest()


class Tables:
    """The processed tables as text, each read once: hashes of groups of rows, and what there is data of."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or paths.PROCESSED
        self.names = tuple(sorted(path.stem for path in self.folder.glob("*.csv")))
        self.frame, self.digests = cache(self._frame), cache(self._digests)
        self.coverage = cache(self._coverage)

    def _frame(self, name: str) -> pd.DataFrame:
        if name not in self.names:
            raise PlanError(f"no table {name!r} in {self.folder} (there: {', '.join(self.names) or 'none'})")
        return pd.read_csv(self.folder / f"{name}.csv", dtype="str", na_filter=False)

    def _digests(self, name: str, columns: tuple[str, ...]) -> dict[tuple[str, ...], str]:
        """Values of the key columns → hash of the rows that have them, in whatever order."""
        frame = self.frame(name)
        if missing := ", ".join(set(columns) - set(frame.columns)):
            raise PlanError(f"{name} has no column {missing} (it has: {', '.join(frame.columns)})")
        head, rows = digest(*frame.columns), pd.util.hash_pandas_object(frame, index=False)
        if not columns:
            return {(): digest(head, str(rows.sum()), str(len(rows)))}
        groups = rows.groupby([frame[column] for column in columns]).agg(["sum", "size"])
        keys = groups.index if len(columns) > 1 else zip(groups.index, strict=True)
        found = zip(keys, groups["sum"], groups["size"], strict=True)
        return {key: digest(head, str(total), str(size)) for key, total, size in found}

    def _coverage(self, evidence: tuple[str, ...]) -> dict[tuple[str, int], set[str]]:
        """(geography, year) → codes of the provinces with at least one row in the tables named."""
        found: dict[tuple[str, int], set[str]] = {}
        for table in (name for name in evidence if name in self.names):
            rows = self.frame(table)
            keys = rows[["geography", "province_code"]].assign(year=rows[TIME[table]].str[:4])
            for here, code, year in keys.drop_duplicates().itertuples(index=False, name=None):
                if code and provinces.geography_of(int(year)) == here:
                    found.setdefault((here, int(year)), set()).add(code)
        return found

    @cached_property
    def years(self) -> list[int]:
        """Every year of which any table knows something, oldest first."""
        return sorted({year for _, year in self.coverage(tuple(TIME))})

    @cached_property
    def editions(self) -> dict[str, list[int]]:
        """index → its editions, oldest first."""
        found = self.frame("scores")[["index", "edition"]].drop_duplicates()
        return {str(index): sorted(map(int, e)) for index, e in found.groupby("index")["edition"]}


class Modules:
    """The library's source files that a piece of code imports, followed through their own imports."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(__file__).parents[1]
        self.path, self.direct, self.digest = cache(self._path), cache(self._direct), cache(self._digest)

    def _path(self, module: str) -> Path | None:
        """The file of a module of the library; None for what is none."""
        head, *rest = module.split(".")
        base = self.folder.joinpath(*rest)
        options = (base / "__init__.py", *([base.with_suffix(".py")] if rest else []))
        return next((path for path in options if head == PACKAGE and path.is_file()), None)

    def imported(self, code: str) -> list[str]:
        """Every module of the library that `code` leads to, by name."""
        found, waiting = set[str](), set(self._named(code, PACKAGE))
        while waiting:
            found |= waiting
            waiting = {name for module in waiting for name in self.direct(module)} - found
        return sorted(found)

    def _direct(self, module: str) -> tuple[str, ...]:
        path = self.path(module) or Path()
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        return tuple(self._named(path.read_text(encoding="utf-8"), package))

    def _named(self, code: str, package: str) -> Iterator[str]:
        """Modules, and the packages around them, that `code` imports, inside functions too."""
        for node in ast.walk(ast.parse(code)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                parents = package.split(".")[: package.count(".") + 2 - node.level] if node.level else []
                base = ".".join([*parents, *filter(None, [node.module])])
                names = [f"{base}.{alias.name}" for alias in node.names]
            steps = [name.split(".") for name in names]
            modules = (".".join(s[: i + 1]) for s in steps for i in range(len(s)))
            yield from (module for module in modules if self.path(module))

    def _digest(self, module: str) -> str:
        """The hash of a module's file; for a package, with the other files beside its `__init__.py`."""
        path = self.path(module) or Path()
        beside = sorted(path.parent.iterdir()) if path.name == "__init__.py" else []
        data = [p for p in beside if p.is_file() and p.suffix not in (".py", ".pyc")]
        return digest(*(p.read_bytes() for p in (path, *data)))


class Fingerprints:
    """The parts and the whole fingerprint of any run; what runs share is computed once."""

    def __init__(self, tables: Tables, modules: Modules | None = None, lock: Path | None = None) -> None:
        self.tables, self.modules = tables, modules or Modules()
        lock = lock or paths.ROOT / "requirements.lock"
        python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
        self.lock = digest(lock.read_bytes() if lock.exists() else b"", python)
        self.shared = cache(self._shared)

    def _shared(self, template: Any) -> tuple[str, dict[str, str]]:
        """The hash, and the parts, that are the same for all runs of a notebook."""
        code = template.sources("code")
        plain = re.sub(r"(?m)^\s*[%!?].*$", "", "\n".join(code))  # magics are not Python
        modules = {f"modules:{name}": self.modules.digest(name) for name in self.modules.imported(plain)}
        parts = {"code": digest(*code), "text": digest(*template.sources("markdown")), **modules}
        parts["lock"] = self.lock
        return digest(json.dumps(parts)), parts

    def data(self, run: Any) -> dict[str, str]:
        """`data:<table>` → the hash of the rows that a run selects."""
        reads, found = run.template.reads, {}
        every = self.tables.names if reads is None else {"provinces"} & set(self.tables.names)  # for labels
        for table, columns in ({name: {} for name in every} | (reads or {})).items():
            if missing := ", ".join(set(columns.values()) - run.keys.keys()):
                raise PlanError(
                    f"it reads {table} by {missing}; a run has {', '.join(run.keys) or 'no keys'}"
                )
            values = tuple(run.keys[parameter] for parameter in columns.values())
            found[f"data:{table}"] = self.tables.digests(table, tuple(columns)).get(values, NO_ROWS)
        return found

    def parts(self, run: Any) -> dict[str, str]:
        """All parts of one run's fingerprint."""
        parameters = digest(json.dumps(run.parameters, sort_keys=True))
        return {"parameters": parameters, **self.data(run), **self.shared(run.template)[1]}

    def whole(self, run: Any) -> str:
        """The fingerprint of one run."""
        data = self.data(run)
        parameters = json.dumps(run.parameters, sort_keys=True)
        return digest(self.shared(run.template)[0], parameters, *data, *data.values())


def changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The names of the parts that differ, those that came or went included."""
    return [name for name in dict.fromkeys([*now, *before]) if before.get(name) != now.get(name)]
