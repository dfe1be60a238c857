"""From the measured ratios to the README's tables and a figure."""
import json
import math
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / 'results.json'
FIGURE = HERE / 'results.png'
PAGE = HERE / 'README.md'
README = ROOT / 'README.md'
MARKS = '<!-- bench: written by make bench -->', '<!-- end of bench -->'
GROUPS = {
    'reading': 'Reading an epoch of Fashion-MNIST, by batch size',
    'training': 'Training an epoch',
    'reaching': 'Training to a test accuracy',
    'starting': 'Starting',
    'course': 'The whole course'}
# Where a bar is missed: why
TWO = ("OpenMP's threads spin while they wait, on the two cores that Python "
       "and MXNet's engine need; when they sleep instead "
       '(`OMP_WAIT_POLICY=PASSIVE`) softmax gains a third and the MLP loses '
       'as much; the course sets one thread')
BEHIND = {
    'softmax, 2 threads, PyTorch': TWO,
    'MLP of 256, 2 threads, PyTorch': TWO,
    'CNN of lesson 12, 2 threads, PyTorch':
        'MXNet refuses oneDNN every layout that pads 20 channels, and so its '
        'fast convolutions: with 16 or 32 channels it gets them'}


def machine():
    """Name the machine and what was measured on it."""
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
        head, ['---'] * len(head), *rows)]


def _times(rows):
    """One line a contestant, one column a contest."""
    columns = list(dict.fromkeys(row['what'] for row in rows))
    cells = {(row['contestant'], row['what']): row for row in rows}

    def cell(name, column):
        row = cells.get((name, column))
        if not row:
            return ''
        ratio, low, high = row['ratio']
        if row['seconds'] == cells[first, column]['seconds']:
            return f'1 ({duration(row["seconds"][0])})'
        if row['runs'] == 1:
            return digits(ratio)
        return f'{digits(ratio)} ({digits(low)} to {digits(high)})'

    names = list(dict.fromkeys(row['contestant'] for row in rows))
    first = names[0]
    return _table(['time, ours = 1' if first == 'ours' else
                   f'time, {first} = 1'] + columns,
                  [[name] + [cell(name, c) for c in columns]
                   for name in names])


def tables(results):
    """Return the Markdown lines of what the README does not show."""
    lines = _groups(results, 'reaching', 'starting', 'course')
    if 'memory' in results:
        lines += ['**Memory of a kernel that reads an epoch, MiB: PSS after '
                  'the imports, PSS after the epoch, peak**', '']
        rows = results['memory']['rows']
        columns = list(dict.fromkeys(row['what'] for row in rows))
        names = list(dict.fromkeys(row['contestant'] for row in rows))
        lines += _table(['data held by'] + columns, [
            [name] + [' · '.join(str(row[k]) for k in (
                'imported', 'after', 'peak')) for row in rows
                if row['contestant'] == name] for name in names]) + ['']
    if 'growth' in results:
        lines += ['**Growth: 1 is linear**', ''] + _table(
            ['what grows', 'sizes', 'log-log slope'],
            [[row['what'], ', '.join(f'{s:,}' for s in row['sizes']),
              f'{row["slope"]:.2f}'] for row in results['growth']['rows']]
        ) + ['']
    return lines


def _groups(results, *groups):
    lines = []
    for group in groups:
        if group in results:
            lines += [f'**{GROUPS[group]}**', ''] + _times(
                results[group]['rows']) + ['']
    return lines


def bars(results):
    """Yield what each bar is about, the bar, and the value measured."""
    for group in results.values():
        for row in group['rows']:
            if 'bar' in row:
                what = row['what'] + (
                    f', {row["contestant"]}' if 'contestant' in row else '')
                value = (row['slope'] if 'slope' in row else
                         row['imported'] if 'imported' in row else
                         row['ratio'][0])
                yield what, row['bar'], value


def _bars(results):
    return ['**What we hold ourselves to**', ''] + _table(
        ['what', 'asked', 'measured', 'met'],
        [[what, bar(limits), digits(value),
          'yes' if met(limits, value) else
          f'no: {BEHIND.get(what, "not yet known why")}']
         for what, limits, value in bars(results)])


def text(results):
    """Return what stands between the marks in the README."""
    stamps = sorted({(g['date'], g['machine']) for g in results.values()})
    return '\n'.join([
        MARKS[0], *[f'Measured on {day}: {where}.' for day, where in stamps],
        '', *_groups(results, 'reading', 'training'), *_bars(results),
        MARKS[1]])


def page(results):
    """Return the page with what the README does not show."""
    return '\n'.join([
        '<!-- written by make bench -->', '# What was measured besides', '',
        'The README shows how fast the course reads and trains; here is',
        'the rest. `results.json` has every figure, with what all',
        'contestants of a row had in common.', '', *tables(results)])


def write(results):
    """Write the JSON, the figure, the page, and the README's part."""
    RESULTS.write_text(json.dumps(results, indent=1) + '\n')
    readme = README.read_text()
    start, end = (readme.index(mark) for mark in MARKS)
    README.write_text(readme[:start] + text(results)
                      + readme[end + len(MARKS[1]):])
    PAGE.write_text(page(results))
    draw(results)


def draw(results):
    """Draw the ratios of reading and training, a panel each."""
    import matplotlib
    matplotlib.use('agg')
    import matplotlib.pyplot as plt
    plt.style.use('d2lutils.course')
    fig, axes = plt.subplots(1, 2, figsize=(12, 4.6))
    for ax, group in zip(axes, ('reading', 'training'), strict=True):
        rows = results[group]['rows'] if group in results else []
        names = list(dict.fromkeys(row['contestant'] for row in rows))
        columns = list(dict.fromkeys(row['what'] for row in rows))
        for i, column in enumerate(columns):
            shift = 0.7 * ((i + 0.5) / len(columns) - 0.5)
            places, middles, spans = [], [], []
            for row in rows:
                if row['what'] == column:
                    middle, low, high = row['ratio']
                    places.append(names.index(row['contestant']) + shift)
                    middles.append(middle)
                    spans.append((middle - low, high - middle))
            ax.errorbar(middles, places, xerr=list(zip(*spans, strict=True)),
                        fmt='osDv^P'[i], markersize=5, linewidth=1.2,
                        label=column)
        ax.axvline(1, color='0.5', linewidth=1, zorder=0)
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.set(xscale='log', title=f'{group} an epoch',
               xlabel='time, ours = 1')
        ax.xaxis.set_major_formatter('{x:g}')
        ax.xaxis.set_minor_formatter('')
        ax.grid(visible=False, axis='y')
    ticks = [0.25, 0.5, 1, 2, 4]
    axes[1].set_xticks(ticks, [f'{t:g}' for t in ticks])
    axes[0].legend(loc='upper center', bbox_to_anchor=(0.3, -0.13), ncols=4)
    axes[1].legend(loc='upper center', bbox_to_anchor=(0.4, -0.13), ncols=3)
    fig.tight_layout()
    fig.savefig(FIGURE, dpi=100, metadata={'Software': None})
    plt.close(fig)
