"""The command line: parse, call, print."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from vnegov.errors import PlanError, VnegovError


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 something failed, 2 bad input)."""
    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except VnegovError as error:
        print(f"vnegov: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("vnegov: stopped; the same command goes on from here", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="vnegov", description="E-government rankings and service adoption of Vietnam's provinces."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = commands.add_parser("build", help="rebuild data/processed from data/raw")
    command.add_argument("--to", type=Path, metavar="DIR", help="write the tables there instead")
    command.set_defaults(run=_build)

    command = commands.add_parser("batch", help="run notebooks for provinces and years, then make the site")
    command.add_argument("plan", nargs="?", type=Path, help="a TOML plan, as plans/default.toml")
    command.add_argument("--notebook", help="a template's name, as 03_province_profile (instead of a plan)")
    command.add_argument("--province", action="append", default=[], help="name or code; may be repeated")
    command.add_argument("--year", action="append", default=[], type=int, help="may be repeated")
    command.add_argument("--lang", action="append", default=[], choices=["en", "vi"], help="may be repeated")
    command.add_argument(
        "--index", action="append", default=[], help="for notebooks about an index; may be repeated"
    )
    command.add_argument("--edition", action="append", default=[], type=int, help="may be repeated")
    command.add_argument("--workers", type=int, default=2, help="processes (2)")
    command.add_argument(
        "--output", type=Path, metavar="DIR", help="figures/, reports/ and site/ go below it"
    )
    command.add_argument("--force", action="store_true", help="run even what is up to date")
    command.add_argument("--dry-run", action="store_true", help="say what would run")
    command.add_argument("--explain", action="store_true", help="say why each run is not up to date")
    command.add_argument("--executor", choices=["processes", "dask"], default="processes")
    command.add_argument("--scheduler", metavar="ADDRESS", help="join a dask cluster, as tcp://host:8786")
    command.add_argument("--kernel", help="the kernel to run with")
    command.add_argument(
        "--timeout", type=float, metavar="S", default=600, help="wall-clock limit of a run (600)"
    )
    command.set_defaults(run=_batch)
    return top


def _build(args: argparse.Namespace) -> int:
    from vnegov.data.build import build

    for name, rows in build(args.to).items():
        print(f"{name:13} {rows:7,} rows")
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
