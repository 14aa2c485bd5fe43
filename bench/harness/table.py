# SPDX-License-Identifier: BSD-2-Clause
"""Rows of results: what was measured, both values, their ratio, the target, and is it met?"""

import dataclasses
import statistics

OPERATORS = {"<=": lambda value, bound: value <= bound, ">=": lambda value, bound: value >= bound}
TITLES = ("part", "measure", "tcpsight", "peer", "ratio", "min - max", "target", "met")


@dataclasses.dataclass
class Row:
    """One line of the table. @ours and @peer are samples of the same rounds, in order, in @unit;
    @peer may be empty. Counts have no unit, and their ratio is not shown. @target is (operator,
    bound) for the ratio of the two, or for our own value if @absolute. A row without samples says
    in @note why."""

    part: str
    measure: str
    unit: str = ""
    ours: list = dataclasses.field(default_factory=list)
    peer: list = dataclasses.field(default_factory=list)
    peer_name: str = ""
    target: tuple = None
    absolute: bool = False
    note: str = ""

    def without_peer(self, name):
        """This row, with a word on the peer @name if nothing of it could be measured."""
        if self.ours and not self.peer:
            self.note = f"{name} is not installed here, so there is no ratio"
        return self

    def ratios(self):
        """Our value over the peer's, round by round; rounds where the peer's is not above 0 have
        no ratio."""
        return [a / b for a, b in zip(self.ours, self.peer) if b > 0]

    def judged(self):
        """The samples that the target speaks of, or would."""
        return self.ours if self.absolute else self.ratios()

    def met(self):
        """True or False by the median; None if nothing was asked or measured."""
        if not self.target or not self.judged():
            return None
        operator, bound = self.target
        return OPERATORS[operator](statistics.median(self.judged()), bound)

    def as_json(self):
        """The row with all its samples."""
        fields = dataclasses.asdict(self)
        fields["ratios"] = self.ratios()
        fields["median_ratio"] = statistics.median(self.ratios()) if self.ratios() else None
        fields["met"] = self.met()
        return fields


def number(value, unit=""):
    """@value with three or four digits that count."""
    magnitude = abs(value)
    if isinstance(value, int):
        text = f"{value:,}"
    elif magnitude < 10:
        text = f"{value:.3f}"
    elif magnitude < 100:
        text = f"{value:.1f}"
    else:
        text = f"{value:,.0f}"
    return f"{text} {unit}".strip()


def middle(samples):
    """The median; whole if it is one and the samples are whole."""
    value = statistics.median(samples)
    whole = all(isinstance(sample, int) for sample in samples) and value == int(value)
    return int(value) if whole else value


def ratio(value):
    """A ratio; a small one as the fraction it is."""
    return f"1/{1 / value:,.1f}" if 0 < value < 0.5 else f"{value:.3f}"


def exact(bound):
    """A bound as it was written: 0.99, 1/15, 20."""
    return f"1/{1 / bound:g}" if 0 < bound <= 0.5 else f"{bound:g}"


def target(row):
    """The target in the form the design gives it."""
    if not row.target:
        return ""
    operator, bound = row.target
    return f"{operator} {bound:g} {row.unit}".rstrip() if row.absolute else (
        f"{operator} {exact(bound)}")


def _cells(row):
    judged = row.judged()
    show = number if row.absolute else ratio
    return (row.part, row.measure,
            number(middle(row.ours), row.unit) if row.ours else "-",
            f"{number(middle(row.peer), row.unit)} {row.peer_name}" if row.peer else "",
            ratio(statistics.median(row.ratios())) if row.ratios() and row.unit else "",
            f"{show(min(judged))} - {show(max(judged))}" if judged else "",
            target(row),
            {True: "yes", False: "NO", None: ""}[row.met()])


def lines(rows):
    """The table, line by line, notes below the rows they belong to."""
    cells = [TITLES] + [_cells(row) for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(TITLES))]
    for row, line in zip([None] + rows, cells):
        yield "  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip()
        if row and row.note:
            yield f"{'':{widths[0]}}    {row.note}"
