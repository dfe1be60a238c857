"""Draw the ledger: theirs on ours, with the interval of one more run."""
from pathlib import Path

import matplotlib

matplotlib.use('agg')
import matplotlib.pyplot as plt  # noqa: E402 -- after its backend
import numpy  # noqa: E402

from ledger.sources import BATCHES  # noqa: E402

FOLDER = Path(__file__).parents[1] / 'docs/_static'
CLIP = 6


def _scaled(row, values):
    """Take logarithms where the row's interval is that of logarithms."""
    values = numpy.array(values, 'float64')
    return numpy.log(values) if row.get('scale') == 'log' else values


def distances(row):
    """Return the figures' distances from the middle, 1 being the edge."""
    low, high = _scaled(row, row['low']), _scaled(row, row['high'])
    return ((_scaled(row, row['figures']) - (low + high) / 2)
            / ((high - low) / 2))


def reported(rows):
    """Draw every figure that an interval judges, on the interval's scale."""
    rows = [r for r in rows if 'low' in r and 'figures' in r]
    fig, ax = plt.subplots(figsize=(8, 0.34 * len(rows) + 1))
    ax.axvspan(-1, 1, color='C0', alpha=0.15, lw=0)
    ax.axvline(0, color='C0', lw=1)
    for y, row in enumerate(rows):
        near = numpy.clip(distances(row), -CLIP, CLIP)
        inside = numpy.array(row['inside'])
        ax.plot(near[inside], [y] * inside.sum(), 'o', color='C0', alpha=0.6)
        ax.plot(near[~inside], [y] * (~inside).sum(), 'X', color='C1')
    ax.set_yticks(range(len(rows)), [
        f'{r["lesson"][:2]}  {r["setting"]}: {r["what"]}' for r in rows])
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlim=(-CLIP - 0.4, CLIP + 0.4),
           xlabel='distance from the middle of our interval; '
                  '1 is its edge')
    ax.set_xticks(range(-CLIP, CLIP + 1, 2),
                  [f'≤ −{CLIP}', '−4', '−2', '0', '2', '4', f'≥ {CLIP}'])
    return fig


def softmax(rows):
    """Draw S0's two trainings on ours."""
    fig, axes = plt.subplots(2, 3, figsize=(8, 4.6), sharex=True,
                             sharey='col', layout='constrained')
    names = {'04': 'from scratch', '05': 'with Gluon'}
    columns = 'train loss', 'train accuracy', 'test accuracy'
    for row in rows:
        if row['setting'] != 'batch 512, lr 0.2':
            continue
        number = row['lesson'][:2]
        ax = axes[sorted(names).index(number), columns.index(row['what'])]
        epochs = range(1, len(row['at']) + 1)
        ax.fill_between(epochs, row['low'], row['high'], alpha=0.25)
        ax.plot(epochs, row['mean'], '.-', label='ours')
        ax.plot(epochs, _scaled({}, row['figures']), 'x', color='C1',
                label='S0')
        ax.set(title=f'{names[number]}: {row["what"]}', xticks=epochs)
    for ax in axes[1]:
        ax.set_xlabel('epoch')
    axes[0, 0].legend()
    return fig


def digits(rows):
    """Draw S2's single batches on ours: (a), (b), and (c) twice."""
    fig, axes = plt.subplots(1, 3, figsize=(8, 3), layout='constrained')
    for ax, kind in zip(axes, 'abc', strict=True):
        found = [r for r in rows if r.get('ours', [''])[:2]
                 == [f'digits {kind}', 'batch loss']]
        for row, marker in zip(found, 'x+', strict=False):
            label = 'S2' if row is found[0] else 'S2, second run'
            ax.plot(BATCHES, _scaled({}, row['figures']), marker,
                    color=f'C{"x+".index(marker) + 1}', label=label)
        ax.fill_between(BATCHES, row['low'], row['high'], alpha=0.25, lw=0)
        ax.plot(BATCHES, row['mean'], '.-', color='C0', label='ours, mean')
        ax.set(title=f'({kind})', xlabel='batch', yscale='log')
        ax.yaxis.set_major_formatter('{x:g}')
    axes[0].set_ylabel('squared error')
    axes[1].set_ylabel('squared error')
    axes[2].set_ylabel('cross-entropy')
    axes[2].legend()
    return fig


def draw(rows):
    """Write all figures into docs/_static."""
    for figure in reported, softmax, digits:
        with plt.style.context('d2lutils.course'):
            fig = figure(rows)
            fig.savefig(FOLDER / f'ledger_{figure.__name__}.png', dpi=160,
                        metadata={'Software': None})
            plt.close(fig)
