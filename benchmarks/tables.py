"""From the measured ratios to docs/benchmark.md and its figure."""
import json
import math
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / 'benchmarks/results.json'
PAGE = ROOT / 'docs/benchmark.md'
FIGURE = ROOT / 'docs/_static/benchmark.png'
HEAD = """\
<!-- written by make bench -->
# Speed and memory beside peers

`make bench` measures the course beside its peers, in an hour or so, and
writes this page; `make bench ONLY=reading` measures a part.
All contestants of a contest take turns on the same data, and each figure is
the median of their ratios, with the least and the largest behind it.
PyTorch runs eagerly, without its compiler.

One thread is not one core: MXNet's engine computes beside Python, so that
"one thread" keeps two cores busy, and PyTorch's one. In training all
contestants are therefore pinned to the same number of cores, where each may
choose between one thread and one thread per core; CPU-seconds are those of
all its threads and processes. Everything else is as `make lab` sets it: one
thread, and all the processor's instructions.
`benchmarks/results.json` has every figure, with what all contestants of a
contest had in common.

{stamps}

![Time of each contestant relative to the course's, on logarithmic axes: the \
tables below say the same in numbers.](_static/benchmark.png)
"""
TITLES = {
    'reading': 'Reading Fashion-MNIST, by batch size',
    'training': 'Training an epoch, on equal cores',
    'reaching': 'Training to a test accuracy',
    'starting': 'Starting',
    'course': 'The whole course',
    'memory': 'Memory of a kernel that reads an epoch',
    'growth': 'Growth'}
# Where a bar is missed: why
TWO = ("OpenMP's threads spin while they wait, on the two cores that Python "
       "and MXNet's engine need; when they sleep instead "
       '(`OMP_WAIT_POLICY=PASSIVE`) softmax gains a third and the MLP loses '
       'as much; the course sets one thread')
SMALL = ('some twenty small operators a batch, each with 5 to 100 µs beside '
         'its arithmetic. A profile of softmax gives, in CPU-seconds, '
         '0.03 to reading, 0.06 to the net, 0.04 to the loss, 0.07 to going '
         'backward, 0.04 to the step and 0.03 to the sums; `static_alloc`, '
         'no key-value store or no oneDNN save nothing, an engine without '
         'threads (`NaiveEngine`) 0.02')
BEHIND = {
    'batch 256, Gluon DataLoader + ToTensor, 2 workers':
        'ours is near the limit, and the workers share two cores with those '
        'who wait for them: from 45 to 78 in these runs, and 87 without '
        'workers',
    'softmax, 1 core, PyTorch, CPU': SMALL,
    'MLP of 256, 1 core, PyTorch, CPU': SMALL,
    'MLP of 256, 2 cores, PyTorch': TWO,
    'CNN of lesson 14, 6,400 images, 2 cores, PyTorch':
        'MXNet refuses oneDNN every layout that pads 20 channels, and so its '
        'fast convolutions: with 16 or 32 channels it gets them'}


def machine():
    """Name the machine and what is measured on it."""
    cpuinfo = Path('/proc/cpuinfo').read_text()
    model = re.search(r'^model name\s*: (.*)$', cpuinfo, re.M)
    memory = (os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
              / 2 ** 30)
    torch = [p.name.split('-')[1].split('+')[0] for p in
             (ROOT / '.bench').glob('lib/*/site-packages/torch-*.dist-info')]
    return (f'{os.cpu_count()} cores of {model[1] if model else "unknown"}, '
            f'{memory:.0f} GiB, Linux, Python {platform.python_version()}, '
            f'MXNet {version("mxnet")}, NumPy {version("numpy")}'
            + ''.join(f', PyTorch {v} (CPU)' for v in torch))


def digits(number):
    """Write a number with as many digits as are worth reading."""
    return f'{number:.0f}' if number >= 10 else f'{number:.2g}' \
        if number < 0.1 else f'{number:.2f}' if number < 2 else \
        f'{number:.1f}'


def duration(seconds):
    """Write a time: two digits, or whole minutes."""
    return f'{seconds:.2g} s' if seconds < 120 else f'{seconds / 60:.0f} min'


def bar(limits):
    """Say what is asked for."""
    low, high = limits
    if low and high:
        return f'{digits(low)} to {digits(high)}'
    return f'at least {digits(low)}' if low else f'at most {digits(high)}'


def met(limits, value):
    low, high = limits
    return (low or 0) <= value <= (high or math.inf)


def _table(head, rows):
    return ['| ' + ' | '.join(line) + ' |' for line in (
        head, ['---'] * len(head), *rows)] + ['']


def _names(rows, field):
    return list(dict.fromkeys(row[field] for row in rows))


def _times(rows):
    """Return a table: one line per contestant, one column per contest."""
    columns, names = _names(rows, 'what'), _names(rows, 'contestant')
    cells = {(row['contestant'], row['what']): row for row in rows}
    first = names[0]

    def cell(name, column):
        row = cells.get((name, column))
        if not row:
            return ''
        if name == first:
            return f'1 ({duration(row["seconds"][0])})'
        ratio, low, high = map(digits, row['ratio'])
        return ratio if row['runs'] == 1 else f'{ratio} ({low} to {high})'
    return _table([f'time, {first} = 1', *columns],
                  [[name, *(cell(name, c) for c in columns)]
                   for name in names])


def _sides(rows):
    """Return a table: clock and CPU side by side, one line a contestant."""
    def cells(row):
        ratio, low, high = map(digits, row['ratio'])
        return [row['contestant'], str(row['threads']),
                duration(row['seconds'][0]), f'{ratio} ({low} to {high})',
                duration(row['cpu'][0]),
                '{} ({} to {})'.format(*map(digits, row['cpu_ratio']))]
    lines = []
    for what in _names(rows, 'what'):
        lines += [f'### {what}', '', *_table(
            ['', 'threads', 'time', 'ours = 1', 'CPU-seconds', 'ours = 1'],
            [cells(row) for row in rows if row['what'] == what])]
    return lines


def _memory(rows):
    columns, names = _names(rows, 'what'), _names(rows, 'contestant')
    return ['In MiB: the proportional set size (PSS) after the imports, the '
            'same after the epoch, and the peak.', '', *_table(
                ['data held by', *columns],
                [[name, *(' · '.join(str(row[k]) for k in (
                    'imported', 'after', 'peak')) for row in rows
                    if row['contestant'] == name)] for name in names])]


def _growth(rows):
    return ['The slope on logarithmic axes: 1 is linear.', '', *_table(
        ['what grows', 'sizes', 'slope'],
        [[row['what'], ', '.join(f'{s:,}' for s in row['sizes']),
          f'{row["slope"]:.2f}'] for row in rows])]


def bars(results):
    """Yield what each bar is about, the bar, and the value measured."""
    for group in results.values():
        for row in group['rows']:
            if 'bar' in row:
                what = row['what'] + (
                    f', {row["contestant"]}' if 'contestant' in row else '')
                what += ', CPU' if row.get('of') == 'cpu_ratio' else ''
                value = (row['slope'] if 'slope' in row else
                         row['imported'] if 'imported' in row else
                         row[row['of']][0])
                yield what, row['bar'], value


def _bars(results):
    return _table(
        ['what', 'asked', 'measured', 'met'],
        [[what, bar(limits), digits(value),
          'yes' if met(limits, value) else
          f'no: {BEHIND.get(what, "the cause is not known")}']
         for what, limits, value in bars(results)])


def page(results):
    """Return the page's text."""
    stamps = sorted({(g['date'], g['machine']) for g in results.values()})
    lines = [HEAD.format(stamps='\n'.join(
        f'Measured on {day}: {where}.' for day, where in stamps))]
    for group, title in TITLES.items():
        if group in results:
            rows = results[group]['rows']
            lines += [f'## {title}', '', *{
                'memory': _memory, 'growth': _growth,
                'training': _sides, 'reaching': _sides}.get(
                    group, _times)(rows)]
        if group == 'training':
            lines += ['## What we hold ourselves to', '', *_bars(results)]
    return '\n'.join(lines)


def write(results):
    """Write the JSON, the page and the figure."""
    RESULTS.write_text(json.dumps(results, indent=1) + '\n')
    PAGE.write_text(page(results))
    draw(results)


def _panel(ax, rows):
    """Draw ratios with their least and largest, one marker per contest."""
    names, columns = _names(rows, 'contestant'), _names(rows, 'what')
    for i, column in enumerate(columns):
        shift = 0.7 * ((i + 0.5) / len(columns) - 0.5)
        found = [row for row in rows if row['what'] == column]
        middles, low, high = zip(*[row['ratio'] for row in found],
                                 strict=True)
        places = [names.index(row['contestant']) + shift for row in found]
        ax.errorbar(middles, places, xerr=[
            [m - l for m, l in zip(middles, low, strict=True)],
            [h - m for m, h in zip(middles, high, strict=True)]],
            fmt='osDv^PXd*'[i], markersize=5, linewidth=1.2, label=column)
    ax.axvline(1, color='0.5', linewidth=1, zorder=0)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set(xscale='log', xlabel='time, ours = 1')
    ax.xaxis.set_major_formatter('{x:g}')
    ax.xaxis.set_minor_formatter('')
    ax.grid(visible=False, axis='y')


def draw(results):
    """Draw the ratios of reading and training, one panel each."""
    import matplotlib
    matplotlib.use('agg')
    import matplotlib.pyplot as plt
    with plt.style.context('d2lutils.course'):
        fig = plt.figure(figsize=(12, 5), layout='constrained')
        panels = fig.subfigures(1, 2, width_ratios=(1.15, 1))
        for panel, group in zip(panels, ('reading', 'training'),
                                strict=True):
            ax = panel.subplots()
            ax.set_title(group)
            if group in results:
                _panel(ax, results[group]['rows'])
            # Within its own half of the figure
            panel.legend(loc='outside lower center', ncols=2)
        ticks = [0.25, 0.5, 1, 2, 4]
        ax.set_xticks(ticks, [f'{t:g}' for t in ticks])
        fig.savefig(FIGURE, dpi=100, metadata={'Software': None})
        plt.close(fig)
