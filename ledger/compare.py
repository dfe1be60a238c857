"""How a figure of a source is held to runs of ours.

A figure is inside if it could be one more run of ours: it lies in the 95 %
prediction interval, mean +- t(n-1) s sqrt(1 + 1/n), where a source's last
digit may be rounded. Losses and times are never below 0 and scatter in
proportion: there the interval is that of their logarithms. What has no
randomness must agree to the printed digits, or to float32's.
"""
import math
from decimal import Decimal
from typing import NamedTuple

import numpy
from scipy import stats

COVERAGE = 0.95
FLOAT32 = 2 ** -21      # relative: what two ways to sum may differ by
SCALES = 'plain', 'log', 'exact'


class Spread(NamedTuple):
    """What several runs give: their number, means, standard deviations."""

    runs: int
    mean: list
    sd: list

    @classmethod
    def of(cls, values):
        """Summarise runs.

        Args:
            values: one list of numbers per run; or, where only a summary
                was kept, a dict of `runs`, `mean` and `sd`.
        """
        if isinstance(values, dict):
            return cls(**values)
        values = numpy.array(values, dtype='float64')
        sd = (values.std(axis=0, ddof=1) if len(values) > 1
              else numpy.zeros(values.shape[1]))
        return cls(len(values), values.mean(axis=0).tolist(), sd.tolist())

    def part(self, start, count):
        end = start + count
        return Spread(self.runs, self.mean[start:end], self.sd[start:end])


def factor(runs, of_mean=False):
    """Return t(n-1) sqrt(1 + 1/n), or sqrt(1/n) for the mean's interval."""
    return (stats.t.ppf((1 + COVERAGE) / 2, runs - 1)
            * (1 / runs + (not of_mean)) ** 0.5)


def interval(values, scale):
    """Return the prediction interval of one more run.

    Args:
        values: as `Spread.of`.
        scale: 'plain', or 'log' for the interval of the logarithms.

    Returns:
        Two lists, lower and upper ends.
    """
    if scale == 'log' and isinstance(values, dict):
        values = _log_of_summary(Spread.of(values))
    elif scale == 'log':
        values = numpy.log(numpy.array(values))
    spread = Spread.of(values)
    mean, half = (numpy.array(spread.mean),
                  factor(spread.runs) * numpy.array(spread.sd))
    ends = mean - half, mean + half
    return [(numpy.exp(end) if scale == 'log' else end).tolist()
            for end in ends]


def _log_of_summary(spread):
    """Summarise logarithms by the moments of a log-normal distribution."""
    mean, sd = numpy.array(spread.mean), numpy.array(spread.sd)
    variance = numpy.log1p((sd / mean) ** 2)
    return {'runs': spread.runs,
            'mean': (numpy.log(mean) - variance / 2).tolist(),
            'sd': numpy.sqrt(variance).tolist()}


def half_digit(figure):
    """Return half a unit of the last digit that a figure is printed with."""
    return 0.5 * 10. ** Decimal(figure).as_tuple().exponent


def inside(figure, low, high):
    """Say whether a printed figure, rounded, may lie between two ends."""
    return bool(low - half_digit(figure) <= float(figure)
                <= high + half_digit(figure))


def agrees(figure, value):
    """Say whether a figure is a value, to its digits or to float32's."""
    return inside(figure, value, value) or math.isclose(
        float(figure), value, rel_tol=FLOAT32)


def measured(row, runs):
    """Return what ours give for a row: runs, mean, sd, interval, inside.

    Args:
        row: a `sources.Row` that has `ours`.
        runs: numbers by experiment and key, as `Spread.of` takes them.
    """
    name, key, start = row.ours
    values, count = runs[name][key], len(row.at)
    spread = Spread.of(values).part(start, count)
    entry = spread._asdict()
    if row.scale == 'exact':
        if row.figures:
            entry['inside'] = [agrees(f, v) for f, v in zip(
                row.figures, spread.mean, strict=True)]
        return entry
    low, high = (end[start:start + count]
                 for end in interval(values, row.scale))
    entry |= {'low': low, 'high': high}
    if row.figures:
        entry['inside'] = [inside(*ends) for ends in zip(
            row.figures, low, high, strict=True)]
    return entry


def difference(pair, runs):
    """Compare two settings of ours seed by seed.

    Returns:
        A dict of `runs`, the `mean` difference, its `sd` over the seeds, and
        `low` and `high`, the 95 % interval of the mean.
    """
    first, second = (numpy.array(runs[name][key])[:, at]
                     for name, key, at in (pair['ours'], pair['minus']))
    each = first - second
    half = factor(len(each), of_mean=True) * each.std(ddof=1)
    return {'runs': len(each), 'mean': each.mean(), 'sd': each.std(ddof=1),
            'low': each.mean() - half, 'high': each.mean() + half}


def chance(rows):
    """Count the figures that an interval judges, those outside, and luck's.

    Returns:
        `(judged, outside, expected)`: expected is how many would be outside
        by chance alone, if every setting were ours.
    """
    verdicts = [verdict for row in rows if 'low' in row
                for verdict in row.get('inside', ())]
    return (len(verdicts), verdicts.count(False),
            (1 - COVERAGE) * len(verdicts))
