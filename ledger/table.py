"""Write docs/ledger.md, the ledger as a page."""
from pathlib import Path

from ledger import compare

PAGE = Path(__file__).parents[1] / 'docs/ledger.md'
OURS = 'ours: mean (s of the last, runs)'
TEMPLATE = Path(__file__).with_name('page.template')


def _few(values):
    """Write up to ten values, or the first and the last."""
    values = [v if isinstance(v, str) else number(v) for v in values]
    return (' '.join(values) if len(values) <= 10
            else f'{values[0]} ... {values[-1]}')


def number(value):
    """Write a number of ours in three digits; a whole one in full."""
    return (f'{value:.0f}' if value == int(value) or abs(value) >= 100
            else f'{value:#.3g}')


def _span(low, high):
    return f'{number(low)} to {number(high)}'


def _lines(row):
    """Write the lines of a text that a row stands on."""
    first, last = min(row['lines']), max(row['lines'])
    return (f'line {first}' if first == last
            else f'lines {first} to {last}')


def table(head, rows):
    """Return a Markdown table as a list of lines."""
    return [f'| {" | ".join(line)} |'
            for line in (head, ['---'] * len(head), *rows)]


def _lesson(row):
    name = row['lesson']
    return f'[{name[:2]}](../notebooks/{name}.ipynb)'


def _ours(row):
    if 'mean' not in row:
        return 'not measured'
    if row['runs'] == 1:
        return ' '.join(f'{v:.7g}' for v in row['mean'])
    return f'{_few(row["mean"])} ({row["sd"][-1]:.2g}, {row["runs"]})'


def figures(rows):
    """Return the table of all that the sources print."""
    found = []
    for row in rows:
        if 'figures' in row:
            inside = row.get('inside')
            found.append([
                _lesson(row), f'{row["source"]}, {row["section"]}, '
                f'{_lines(row)}', f'{row["setting"]}: {row["what"]}',
                _few(row['figures']), _ours(row),
                f'{sum(inside)} of {len(inside)}' if inside else ''])
    return table(['lesson', 'source, section, lines', 'what',
                  'the source prints', OURS, 'inside'], found)


def settings(rows):
    """Return the table of what no source reports."""
    return table(
        ['lesson', 'setting of', 'what', OURS],
        [[_lesson(row), row['source'] + (
            f', {_lines(row)}' if 'lines' in row else ''),
          f'{row["setting"]}: {row["what"]}', _ours(row)]
         for row in rows if 'figures' not in row])


def batches(rows):
    """Return the tables of the single batches, one per network."""
    lines = []
    for kind in 'abc':
        found = [row for row in rows if row.get('ours', [''])[:2]
                 == [f'digits {kind}', 'batch loss']]
        columns = [[f if inside else f'**{f}**' for f, inside in zip(
            row['figures'], row['inside'], strict=True)] for row in found]
        row = found[0]
        ends = map(_span, row['low'], row['high'])
        lines += [f'**({kind})**; what is outside stands in bold', '']
        lines += table(
            ['batch', *['S2', 'S2, again'][:len(found)], 'ours: mean',
             'ours: 95 % interval'],
            zip(row['at'], *columns, map(number, row['mean']), ends,
                strict=True)) + ['']
    return lines[:-1]


def outside(rows):
    """Return the table of what is outside or not measured, and why."""
    found = []
    for row in rows:
        verdicts = row.get('inside', [None] * len(row.get('figures', ())))
        out = [i for i, verdict in enumerate(verdicts) if not verdict]
        if not out:
            continue
        if 'low' in row:
            ours = [_span(row['low'][i], row['high'][i]) for i in out]
        else:
            ours = [number(row['mean'][i]) for i in out if 'mean' in row]
        found.append([
            _lesson(row), row['source'], f'{row["setting"]}: {row["what"]}',
            *('<br>'.join(parts) for parts in (
                [row['at'][i] for i in out], [row['figures'][i] for i in out],
                ours)), row.get('note', '')])
    return table(['lesson', 'source', 'what', 'where', 'it prints',
                  'our 95 % interval, or value', 'cause'], found)


def pairs(entries):
    """Return the table of two settings of ours, seed by seed."""
    return table(
        ['lesson', 'difference', 'mean', '95 % interval of the mean',
         'seeds'],
        [[_lesson(e), e['what'], f'{e["mean"]:+.4f}',
          f'{e["low"]:+.4f} to {e["high"]:+.4f}', str(e['runs'])]
         for e in entries])


def summary(rows):
    """Return the table that counts figures and verdicts by source."""
    found = []
    for source in 'S0', 'S1', 'S2', 'S3', 'S4':
        of_source = [r for r in rows
                     if r['source'] == source and 'figures' in r]
        exact, random = ([v for r in of_source if ('low' in r) == by_interval
                          for v in r.get('inside', ())]
                         for by_interval in (False, True))
        total = sum(len(r['figures']) for r in of_source)
        missing = total - len(exact) - len(random)
        found.append([source, str(total), *(
            f'{sum(verdicts)} of {len(verdicts)}' if verdicts else ''
            for verdicts in (exact, random)), str(missing or '')])
    return table(['source', 'figures', 'not random: agree',
                  'random: inside', 'not measured'], found)


def counts(rows):
    """Count what intervals judge, what is outside, and what chance would."""
    judged, out, by_chance = compare.chance(rows)
    (clocks, clocks_out), (b, b_out) = (
        compare.chance([row for row in rows if 'ours' in row
                        and row['ours'][0] == name])[:2]
        for name in ('reading', 'digits b'))
    rest = judged - clocks - b
    return {'printed': sum(len(row.get('figures', ())) for row in rows),
            'judged': judged, 'out': out, 'by_chance': by_chance,
            'clocks': clocks, 'clocks_out': clocks_out, 'b': b,
            'b_out': b_out, 'rest': rest,
            'rest_out': out - clocks_out - b_out,
            'rest_by_chance': rest * (1 - compare.COVERAGE)}


def kept(runs):
    """Name the experiments of which a summary alone was kept."""
    names = [name for name, numbers in runs.items()
             if any(isinstance(v, dict) for v in numbers.values())]
    return f"""
Of some experiments only the means and the standard deviations were kept
({', '.join(names)});
an interval of logarithms then follows from a log-normal distribution.
""" if names else ''


def page(record):
    """Return the page's text.

    Args:
        record: what `record.read` returns.
    """
    rows = record['rows']
    tables = {part.__name__: '\n'.join(part(rows)) for part in (
        summary, batches, figures, outside, settings)}
    return TEMPLATE.read_text().format(
        **tables, **counts(rows), kept=kept(record['runs']),
        pairs='\n'.join(pairs(record['pairs'])))


def write(record):
    PAGE.write_text(page(record))
