"""The command line: parse, call, print."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    from vnegov.data.schema import GEOGRAPHIES, SEVERITIES

    top = argparse.ArgumentParser(
        prog="vnegov", description="E-government rankings and service adoption of Vietnam's provinces."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = commands.add_parser("build", help="rebuild data/processed from data/raw")
    command.add_argument("--to", type=Path, metavar="DIR", help="write the tables there instead")
    command.set_defaults(run=_build)

    command = commands.add_parser("check", help="say what does not add up; exit 1 if an error is unexplained")
    command.add_argument("--severity", action="append", choices=SEVERITIES, help="only these; may be repeated")
    command.add_argument("--all", action="store_true", help="every finding (the first five of each rule)")
    command.add_argument("--coverage", action="store_true", help="print what is known, as Markdown, instead")
    command.set_defaults(run=_check)

    command = commands.add_parser("trace", help="say where a figure was read, and what other sources say")
    command.add_argument("province", help="name or code")
    command.add_argument("index", help="an index, as ict_index, or an indicator, as services_full")
    command.add_argument("edition", type=int, help="an edition, or a year")
    command.add_argument("component", nargs="?", default="overall", help="a component's id (overall)")
    command.add_argument("--geography", choices=GEOGRAPHIES, help="63 or 34 provinces (by the edition)")
    command.set_defaults(run=_trace)

    _intake(commands)

    command = commands.add_parser("batch", help="run notebooks for provinces and years, then make the site")
    command.add_argument("plan", nargs="?", type=Path, help="a TOML plan, as plans/default.toml")
    command.add_argument("--notebook", help="a template's name, as 03_province_profile (instead of a plan)")
    command.add_argument("--province", action="append", default=[], help="name or code; may be repeated")
    command.add_argument("--year", action="append", default=[], type=int, help="may be repeated")
    command.add_argument("--lang", action="append", default=[], choices=["en", "vi"], help="may be repeated")
    command.add_argument("--index", action="append", default=[], help="for notebooks about an index; may be repeated")
    command.add_argument("--edition", action="append", default=[], type=int, help="may be repeated")
    command.add_argument("--workers", type=int, default=2, help="processes (2)")
    command.add_argument("--output", type=Path, metavar="DIR", help="figures/, reports/ and site/ go below it")
    command.add_argument("--force", action="store_true", help="run even what is up to date")
    command.add_argument("--dry-run", action="store_true", help="say what would run")
    command.add_argument("--explain", action="store_true", help="say why each run is not up to date")
    command.add_argument("--executor", choices=["processes", "dask"], default="processes")
    command.add_argument("--scheduler", metavar="ADDRESS", help="join a dask cluster, as tcp://host:8786")
    command.add_argument("--kernel", help="the kernel to run with")
    command.add_argument("--timeout", type=float, metavar="S", default=600, help="wall-clock limit of a run (600)")
    command.set_defaults(run=_batch)
    return top


def _intake(commands: Any) -> None:
    from vnegov.data.schema import GEOGRAPHIES, INDICES

    command = commands.add_parser("import", help="take a published ranking, from .xlsx, .xls, .ods or .csv")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument("--index", required=True, choices=INDICES)
    command.add_argument("--edition", required=True, type=int, help="the year that the publisher names it by")
    command.add_argument("--geography", choices=GEOGRAPHIES, help="63 or 34 provinces (by the edition)")
    command.add_argument("--sheet", help="the sheet (the one that names most provinces)")
    command.add_argument("--component", action="append", default=[], metavar="C=ID", help="column C holds component ID")
    command.add_argument("--json", action="store_true", help="print what was read as JSON")
    command.add_argument("--yes", action="store_true", help="write it to data/raw")
    for field in SOURCE:
        command.add_argument(f"--{field}", help="of the publication; asked for where it is not given")
    command.set_defaults(run=_import)

    command = commands.add_parser("add", help="take a filled form")
    command.add_argument("file", type=Path, metavar="FORM")
    command.add_argument("--yes", action="store_true", help="write it to data/raw")
    command.set_defaults(run=_add)

    command = commands.add_parser("template", help="write a form for an office to fill in")
    command.add_argument("topic", choices=["services"])
    command.add_argument("--province", required=True, help="name or code")
    command.add_argument("--year", required=True, type=int)
    command.add_argument("--out", type=Path, metavar="FILE")
    command.set_defaults(run=_template)


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
    from vnegov.data.schema import SEVERITIES
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
        explain=args.explain, executor=args.executor, scheduler=args.scheduler, kernel=args.kernel,
        timeout=args.timeout,
    )  # fmt: skip
    if code in (0, 1) and not args.dry_run:
        print(f"look at {site.build(args.output)}")
    return code


if __name__ == "__main__":
    sys.exit(main())
