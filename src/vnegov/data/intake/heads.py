"""What the head of a column says: score or rank, of which component, of this edition, or nothing to take."""

import re
from dataclasses import dataclass

from vnegov.data.loaders import definitions
from vnegov.data.provinces import key, words
from vnegov.errors import BadRawFile

YEAR = re.compile(r"\b(?:19|20)\d\d\b")
RANK = re.compile(r"hạng|thứ bậc|vị thứ|vị trí|xep hang|thu hang|thu bac|vi thu|^hang$|\brank", re.I)
SCORE = re.compile(r"diem|score|point|index|chi so|rank|hang|pci|papi|dti|sipas|total|tong|value")
CHANGE = re.compile(r"thay doi|tang giam|chenh lech|so voi|change|difference|trend")
SERIAL = re.compile(r"tt|stt|so tt|so thu tu|no|id|ma|ma tinh|ma so|code|province code")
# What may stand in a head beside its component.
PLAIN = re.compile(
    r"\b(?:(?:19|20)\d\d|diem so|chi so|tong|diem|scores?|points?|(?:sub )?index|overall|composite|total|"
    r"weighted|chung|thanh phan|cstp|nam|ket qua|bang|xep hang|thu hang|thu bac|vi thu|vi tri|hang$|"
    r"rank(?:ing)?s?|value|gia tri|vietnam|tinh|thanh pho|tp|dia phuong|"
    r"provinces?|cit(?:y|ies)|name|ten|don vi|va|and|of)\b"
)


@dataclass(frozen=True)
class Terms:
    """The words of one index and edition: its own name, label as `key` writes it → component id, and the scales."""

    own: str
    edition: int
    labels: dict[str, str]
    scales: dict[str, tuple[float, float]]

    def component(self, parts: list[str]) -> str:
        """The component that the lowest telling part of a head names; "overall" if all say but "score", "" if none."""
        for part in reversed(parts):
            core = core_of(part, self.own)
            if known := self.labels.get(key(part)) or self.labels.get(key(core)):
                return known
            if core:
                least = max(5, 0.6 * len(key(core)))
                near = [label for label in self.labels if label in key(core) and len(label) > least]
                return self.labels[max(near, key=len)] if near else core.replace(" ", "_")
        return "overall" if parts else ""

    def is_left_out(self, parts: list[str]) -> str:
        """Why a column of numbers is none of scores or ranks of the edition; "" if it is."""
        last = words(parts[-1]) if parts else ""
        years = next((years for part in reversed(parts) if (years := YEAR.findall(part))), [])
        if SERIAL.fullmatch(last):
            return "numbers the rows"
        if CHANGE.search(last):
            return "a change"
        return f"not of {self.edition}" if years and str(self.edition) not in years else ""

    def asked(self, options: list[str]) -> dict[str, str]:
        """`--component` as column letter → component id, or component id → itself. Raises `BadRawFile`."""
        known = set(self.labels.values())
        asked = {}
        for column, _, component in (option.rpartition("=") for option in options):
            if component not in known:
                there = ", ".join(sorted(known))
                raise BadRawFile(f"--component: read {component!r}, expected one of {there}")
            asked[column.upper() or component] = component
        return asked


def terms(index: str, edition: int) -> Terms:
    """All names of the components of an index, in both languages, and their scales in the edition."""
    tables = definitions.tidy(definitions.read())
    own = tables["components"][tables["components"]["index"] == index]
    title = tables["indices"].set_index("index").loc[index]
    labels = {title["name_vi"]: "overall", title["name_en"]: "overall"} | definitions.component_ids(index)
    labels |= dict(zip(own["name_en"], own["component"], strict=True)) | {c: c for c in own["component"]}
    short = index.split("_")[0]
    names = {key(core_of(label, short)): component for label, component in labels.items()}
    names |= {key(label): component for label, component in labels.items()}
    own = own[own["first_edition"].le(edition) & own["last_edition"].ge(edition)].dropna(subset="scale_max")
    scales = dict(zip(own["component"], zip(own["scale_min"], own["scale_max"], strict=True), strict=True))
    return Terms(short, edition, {name: component for name, component in names.items() if name}, scales)


def core_of(head: str, own: str = "") -> str:
    """What is left of a head without its numbering, the name of the index, and words that any head may hold."""
    left = [word for word in PLAIN.sub(" ", words(head)).split() if word != own]
    return re.sub(r"^(?:\d+ )+|(?: \d+)+$|^\d+$", "", " ".join(left))


def says_more_than_province(head: str) -> bool:
    """Whether a head tells what the numbers below it are."""
    return bool(core_of(head) or SCORE.search(words(head)))


def is_rank(parts: list[str], whole: bool = False) -> bool:
    """Whether a head, or a part above it over `whole` numbers, says that they are ranks."""
    if not parts:
        return False
    last = words(parts[-1])
    if whole and not SCORE.search(last):
        return any(map(RANK.search, parts))
    return bool(RANK.search(parts[-1])) and not last.startswith(("diem", "score"))
