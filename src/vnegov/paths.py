"""Every path of the project, from one root; and how files are written there."""

import os
from pathlib import Path

ROOT = Path(os.environ.get("VNEGOV_ROOT") or Path(__file__).resolve().parents[2])
RAW = ROOT / "data" / "raw"
PROCESSED = ROOT / "data" / "processed"
NOTEBOOKS = ROOT / "notebooks"
PLANS = ROOT / "plans"


def output() -> Path:
    """The folder that figures/, reports/ and site/ go below: `VNEGOV_OUTPUT`, else the project's root."""
    return Path(os.environ.get("VNEGOV_OUTPUT") or ROOT).resolve()


def relative(path: Path) -> str:
    """`path` as written from the project's root with forward slashes, for messages and tables."""
    path = Path(path).resolve()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def write(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it: readers see the old bytes or the new, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
