"""The command line: parse, call, print."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vnegov.data.schema import GEOGRAPHIES, INDICES, SEVERITIES
from vnegov.errors import PlanError, VnegovError

SOURCE = ("title", "url", "publisher", "published", "trust", "licence")


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 something failed, 2 bad input)."""
    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except VnegovError as error:
        print(f"vnegov: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, as `head`, had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("vnegov: stopped; the same command goes on from here", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    about = "E-government rankings and service adoption of Vietnam's provinces."
    top = argparse.ArgumentParser(prog="vnegov", description=about)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (run, said, *options) in COMMANDS.items():
        command = commands.add_parser(name, help=said)
        command.set_defaults(run=run)
        for names, how in options:
            command.add_argument(*names, **how)
    return top


def option(*names: str, **how: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """What argparse's `add_argument` takes."""
    return names, how


def several(name: str, said: str = "may be repeated", **how: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    """An option that may be given more than once."""
    return option(name, action="append", default=[], help=said, **how)


def _build(args: argparse.Namespace) -> int:
    from vnegov.data import codebook
    from vnegov.data.build import build

    for name, rows in build(args.to).items():
        print(f"{name:13} {rows:7,} rows")
    if args.to is None:
        codebook.renew()
    return 0


def _check(args: argparse.Namespace) -> int:
    from vnegov.data import audit
    from vnegov.data.tables import table

    if args.coverage:
        print(audit.coverage_markdown(table("scores")))
        return 0
    rows = table("audit")
    print("\n".join(audit.report(rows, args.severity or SEVERITIES, None if args.all else 5)))
    return 1 if len(audit.unsettled(rows)) else 0


def _trace(args: argparse.Namespace) -> int:
    from vnegov.data import trace

    rows = trace.trace(args.province, args.index, args.edition, args.component, args.geography)
    print("\n".join(trace.lines(rows)))
    return 0


def _import(args: argparse.Namespace) -> int:
    from vnegov.data.intake import cells, ranking, store

    sheets, given = cells.sheets(args.file), (args.geography, args.sheet, args.component)
    found = ranking.choose(str(args.file), sheets, args.index, args.edition, *given)
    print(json.dumps(found.record(), ensure_ascii=False, indent=1) if args.json else found)
    found.faults.done()
    about = {field: getattr(args, field) for field in SOURCE}
    if args.yes and sys.stdin.isatty():
        about |= {f: input(f"{f} of the publication: ").strip() or None for f in SOURCE if about[f] is None}

    def write() -> list[Path]:
        return store.add_ranking(args.file, found, args.index, args.edition, store.publication(**about))

    return _take(args.yes, write)


def _add(args: argparse.Namespace) -> int:
    from vnegov.data.intake import form

    rows = form.filled(args.file)
    shown = rows[["row", "province", "indicator", "value", "source_title"]]
    print(shown.to_string(index=False, header=False))
    return _take(args.yes, lambda: form.add(args.file, rows))


def _take(yes: bool, write: Callable[[], list[Path]]) -> int:
    """Write new raw files if told to, and say so."""
    from vnegov import paths

    told = "nothing is written; add --yes to take it"
    if yes:
        told = "".join(f"wrote {paths.relative(path)}\n" for path in write()) + "now run `vnegov build`"
    print(told, file=sys.stderr)
    return 0


def _template(args: argparse.Namespace) -> int:
    from vnegov.data.intake import form

    print(f"wrote {form.template(args.province, args.year, args.out)}")
    return 0


def _batch(args: argparse.Namespace) -> int:
    from vnegov.atlas import site
    from vnegov.batch import plan as plans
    from vnegov.batch import runner

    if (args.plan is None) == (args.notebook is None):
        raise PlanError("give either a plan file, as plans/default.toml, or --notebook NAME")
    if args.plan is not None:
        plan = plans.load(args.plan)
    else:
        plan = plans.from_options(
            args.notebook, provinces=args.province, years=args.year, langs=args.lang, indices=args.index,
            editions=args.edition,
        )  # fmt: skip
    code = runner.run(
        plan, workers=args.workers, output=args.output, force=args.force, dry_run=args.dry_run,
        explain=args.explain, executor=args.executor, scheduler=args.scheduler, timeout=args.timeout,
        cold=args.cold,
    )  # fmt: skip
    if code in (0, 1) and not args.dry_run:
        print(f"look at {site.build(None if '://' in str(args.output) else args.output)}")
    return code


GEOGRAPHY = option("--geography", choices=GEOGRAPHIES, help="63 or 34 provinces (by the edition)")
YES = option("--yes", action="store_true", help="write it to data/raw")
COMMANDS: dict[str, tuple[Any, ...]] = {
    "build": (
        _build, "rebuild data/processed from data/raw",
        option("--to", type=Path, metavar="DIR", help="write the tables there instead"),
    ),
    "check": (
        _check, "say what does not add up; exit 1 if an error is unexplained",
        several("--severity", "only these; may be repeated", choices=SEVERITIES),
        option("--all", action="store_true", help="every finding (the first five of each rule)"),
        option("--coverage", action="store_true", help="print what is known, as Markdown, instead"),
    ),
    "trace": (
        _trace, "say where a figure was read, and what other sources say",
        option("province", help="name or code"),
        option("index", help="an index, as ict_index, or an indicator, as services_full"),
        option("edition", type=int, help="an edition, or a year"),
        option("component", nargs="?", default="overall", help="a component's id (overall)"),
        GEOGRAPHY,
    ),
    "import": (
        _import, "take a published ranking, from .xlsx, .xls, .ods or .csv",
        option("file", type=Path, metavar="FILE"),
        option("--index", required=True, choices=INDICES),
        option("--edition", required=True, type=int, help="the year that the publisher names it by"),
        GEOGRAPHY,
        option("--sheet", help="the sheet (the one that names most provinces)"),
        several("--component", "column C holds component ID", metavar="C=ID"),
        option("--json", action="store_true", help="print what was read as JSON"),
        YES,
        *(option(f"--{field}", help="of the publication; asked for where it is not given") for field in SOURCE),
    ),
    "add": (_add, "take a filled form", option("file", type=Path, metavar="FORM"), YES),
    "template": (
        _template, "write a form for an office to fill in",
        option("topic", choices=["services"]),
        option("--province", required=True, help="name or code"),
        option("--year", required=True, type=int),
        option("--out", type=Path, metavar="FILE"),
    ),
    "batch": (
        _batch, "run notebooks for provinces and years, then make the site",
        option("plan", nargs="?", type=Path, help="a TOML plan, as plans/default.toml"),
        option("--notebook", help="a template's name, as 03_province_profile (instead of a plan)"),
        several("--province", "name or code; may be repeated"),
        several("--year", type=int),
        several("--lang", choices=["en", "vi"]),
        several("--index", "for notebooks about an index; may be repeated"),
        several("--edition", type=int),
        option("--workers", type=int, default=2, help="processes (2)"),
        option("--output", metavar="DIR", help="figures/, reports/ and site/ go below it; or a URL for the reports"),
        option("--force", action="store_true", help="run even what is up to date"),
        option("--dry-run", action="store_true", help="say what would run"),
        option("--explain", action="store_true", help="say why each run is not up to date"),
        option("--executor", choices=["processes", "dask"], default="processes"),
        option("--scheduler", metavar="ADDRESS", help="join a dask cluster, as tcp://host:8786"),
        option("--cold", action="store_true", help="each run in a process that has imported nothing yet"),
        option("--timeout", type=float, metavar="S", default=600, help="wall-clock limit of a run (600)"),
    ),
}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
