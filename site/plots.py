"""Figures that the site alone has: of the ledger, and its social card."""
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use('agg')
import matplotlib.pyplot as plt  # noqa: E402
import numpy  # noqa: E402

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / 'tools'))
from ledger import interval  # noqa: E402

STYLE = ROOT / 'd2lutils/course.mplstyle'


def reported(rows, path):
    """Draw every figure of the sources on the scale of our own spread."""
    rows = [r for r in rows if r['runs'] > 1 and 'reported' in r
            and min(r['sd']) > 0]
    fig, ax = plt.subplots(figsize=(8, 0.34 * len(rows) + 1))
    ax.axvspan(-1, 1, color='C0', alpha=0.15, lw=0)
    ax.axvline(0, color='C0', lw=1)
    for y, row in enumerate(rows):
        off = (numpy.array(row['reported'], float) - row['mean']) \
            / interval(numpy.array(row['sd']), row['runs'])
        inside = numpy.array(row['inside'])
        near = numpy.clip(off, -6, 6)
        ax.plot(near[inside], [y] * inside.sum(), 'o', color='C0', alpha=0.6)
        ax.plot(near[~inside], [y] * (~inside).sum(), 'X', color='C1')
    ax.set_yticks(range(len(rows)), [
        f'{r["lesson"][:2]}  {r["setting"]}, {r["what"]}' for r in rows])
    ax.set(ylim=(len(rows) - 0.5, -0.5), xlim=(-6.4, 6.4),
           xlabel='distance from our mean; 1 is the edge of the interval')
    ax.set_xticks(range(-6, 7, 2), ['≤ −6', '−4', '−2', '0', '2', '4', '≥ 6'])
    fig.savefig(path)


def softmax(rows, path):
    """Draw S0's two trainings beside ours."""
    fig, axes = plt.subplots(2, 3, figsize=(8, 4.6), sharex=True,
                             sharey='col', layout='constrained')
    names = {'04': 'from scratch', '05': 'with Gluon'}
    for row in rows:
        if row['setting'] != 'batch 512, lr 0.2':
            continue
        number = row['lesson'][:2]
        column = ('train loss', 'train accuracy',
                  'test accuracy').index(row['what'])
        ax = axes[sorted(names).index(number), column]
        epochs = range(1, len(row['mean']) + 1)
        mean = numpy.array(row['mean'])
        width = interval(numpy.array(row['sd']), row['runs'])
        ax.fill_between(epochs, mean - width, mean + width, alpha=0.25)
        ax.plot(epochs, mean, '.-', label='ours')
        ax.plot(epochs, numpy.array(row['reported'], float), 'x', color='C1',
                label='S0')
        ax.set(title=f'{names[number]}: {row["what"]}', xticks=epochs)
    for ax in axes[1]:
        ax.set_xlabel('epoch')
    axes[0, 0].legend()
    fig.savefig(path)


def card(hero, title, path):
    """Draw what social networks show for a link: 1200 by 630 dots."""
    name, _, rest = title.partition(': ')
    with plt.rc_context({'savefig.bbox': None, 'savefig.dpi': 100}):
        fig = plt.figure(figsize=(12, 6.3), dpi=100, facecolor='white')
        fig.text(0.06, 0.83, name, size=40, weight='bold', color='#12344d')
        fig.text(0.06, 0.74, rest[:1].upper() + rest[1:], size=24,
                 color='#444444')
        ax = fig.add_axes((0.06, 0.04, 0.88, 0.64))
        ax.imshow(plt.imread(hero), interpolation='bilinear')
        ax.set_axis_off()
        fig.savefig(path)


def draw(ledger, folder, title):
    rows = json.loads(ledger.read_text())['rows']
    plt.style.use(STYLE)
    plt.rcParams['savefig.dpi'] = 160
    reported(rows, folder / 'reported.png')
    softmax(rows, folder / 'softmax.png')
    card(folder / '04_weights.png', title, folder / 'card.png')

