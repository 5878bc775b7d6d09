"""What a run depends on, as hashes: while they stay the same, its output stays good.

The parts are kept apart, so that a stale run can say what changed: `code`, `text`, `parameters`, `lock`,
`data:<table>` (only the rows that the run selects) and `modules:<name>` (only what its notebook imports).
"""

import ast
import importlib.util
import itertools
import json
import re
import sys
from functools import cache, cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pandas as pd

from vnegov import paths
from vnegov.data import provinces
from vnegov.errors import PlanError

TIME = {"scores": "edition", "observations": "period_end", "agencies": "year"}


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
    def published(self) -> dict[tuple[str, int], set[str]]:
        """(index, edition) → the geographies that it is published for."""
        found: dict[tuple[str, int], set[str]] = {}
        rows = self.frame("scores")[["index", "edition", "geography"]].drop_duplicates()
        for index, edition, geography in rows.itertuples(index=False, name=None):
            found.setdefault((index, int(edition)), set()).add(geography)
        return found

    @cached_property
    def editions(self) -> dict[str, list[int]]:
        """index → its editions, oldest first."""
        found: dict[str, list[int]] = {}
        for index, edition in sorted(self.published):
            found.setdefault(index, []).append(edition)
        return found


class Fingerprints:
    """The parts of any run's fingerprint; what runs share is computed once."""

    def __init__(self, tables: Tables, library: Path | None = None, lock: Path | None = None) -> None:
        library, lock = library or Path(__file__).parents[1], lock or paths.ROOT / "requirements.lock"
        self.tables = tables
        self.lock = digest(lock.read_bytes() if lock.exists() else b"", f"{sys.version_info[:2]}")
        files = {path.relative_to(library).with_suffix(""): path for path in library.rglob("*.py")}
        self.modules = {".".join(("vnegov", *name.parts)).removesuffix(".__init__"): p for name, p in files.items()}
        self.shared, self.direct = cache(self._shared), cache(self._direct)

    def _shared(self, template: Any) -> dict[str, str]:
        """The parts that are the same for all runs of a notebook."""
        code = template.sources("code")
        plain = re.sub(r"(?m)^\s*[%!?].*$", "", "\n".join(code))  # magics are not Python
        modules = {f"modules:{name}": self.module(name) for name in self.imported(plain)}
        text = digest(*template.sources("markdown"))
        return {"code": digest(*code), "text": text, **modules, "lock": self.lock}

    def parts(self, run: Any) -> dict[str, str]:
        """All parts of one run's fingerprint; of each table that it reads, only the rows that it selects."""
        found = {"parameters": digest(json.dumps(run.parameters, sort_keys=True))}
        reads = run.template.reads
        every = self.tables.names if reads is None else {"provinces"} & set(self.tables.names)  # for labels
        for table, keys in ({name: [] for name in every} | (reads or {})).items():
            if missing := ", ".join(set(keys) - run.keys.keys()):
                has = ", ".join(run.keys) or "no keys"
                raise PlanError(f"it reads {table} by {missing}; a run has {has}")
            rows = self.tables.digests(table, tuple(keys))
            found[f"data:{table}"] = rows.get(tuple(run.keys[key] for key in keys), "no rows")
        return found | self.shared(run.template)

    def imported(self, code: str) -> list[str]:
        """Every module of the library that `code` leads to, by name."""
        found, waiting = set[str](), self._named(code, "vnegov")
        while waiting:
            found |= waiting
            waiting = {name for module in waiting for name in self.direct(module)} - found
        return sorted(found)

    def _direct(self, module: str) -> set[str]:
        path = self.modules[module]
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        return self._named(path.read_text(encoding="utf-8"), package)

    def _named(self, code: str, package: str) -> set[str]:
        """Modules, and the packages around them, that `code` imports, inside functions too."""
        names: list[str] = []
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                names += [f"{base}.{alias.name}" for alias in node.names]
        steps = (itertools.accumulate(name.split("."), "{}.{}".format) for name in names)
        return self.modules.keys() & itertools.chain(*steps)

    def module(self, module: str) -> str:
        """The hash of a module's file; for a package, with the other files beside its `__init__.py`."""
        path = self.modules[module]
        beside = sorted(path.parent.iterdir()) if path.name == "__init__.py" else []
        data = [p for p in beside if p.is_file() and p.suffix not in (".py", ".pyc")]
        return digest(*(p.read_bytes() for p in (path, *data)))


def whole(parts: dict[str, str]) -> str:
    """The fingerprint that parts make."""
    return digest(json.dumps(parts))


def changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The names of the parts that differ, those that came or went included."""
    return [name for name in dict.fromkeys([*now, *before]) if before.get(name) != now.get(name)]
