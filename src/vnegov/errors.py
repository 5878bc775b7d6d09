"""The exceptions that a person meets; each says what was read, where, and what would have been right."""


class VnegovError(Exception):
    """Base of all errors that are raised on purpose."""


class UnknownProvince(VnegovError, ValueError):
    """A name or code that no province of the geography has; the message names the nearest."""


class UnknownIndex(VnegovError, ValueError):
    """An index that no table has; the message names the nearest."""


class UnknownYear(VnegovError, ValueError):
    """A year for which nothing is known; the message names the nearest that are."""


class BadRawFile(VnegovError, ValueError):
    """A raw file that cannot be taken as it is; the message names file, sheet, cell and the mend."""


class BadTable(VnegovError, ValueError):
    """A processed table that breaks its schema."""


class PlanError(VnegovError, ValueError):
    """A plan that cannot be run; the message lists all its faults."""


class SkipRun(VnegovError):
    """Nothing is published for what was asked: the run ends well, with nothing to show."""
