"""The ledger's file: our runs, beside what the sources print.

It lies in d2lutils, where lessons find it from any folder, and holds

- `runs`: by experiment and key, one list of numbers per seed. Where only a
  summary was kept, its number of runs, means and standard deviations;
- `rows` and `pairs`: those of sources.toml with what ours give;
- `curves`: of the long runs that lessons 14 and 15 draw.
"""
import json
from pathlib import Path

from ledger import compare, runner
from ledger.experiments import EXPERIMENTS, OPTIMISERS
from ledger.sources import BATCHES, PAIRS, ROWS

LEDGER = Path(__file__).parents[1] / 'd2lutils/ledger.json'


def read():
    return json.loads(LEDGER.read_text())


def rounded(value, digits):
    """Round the floats in nested lists and dicts."""
    if isinstance(value, dict):
        return {key: rounded(v, digits) for key, v in value.items()}
    if isinstance(value, list):
        return [rounded(v, digits) for v in value]
    return (float(f'{value:.{digits}g}') if isinstance(value, float)
            else value)


def rows(runs):
    """Return what the sources print, with what ours give."""
    found = []
    for row in ROWS:
        entry = {field: value for field, value in row._asdict().items()
                 if value not in ('', [])}
        if row.ours:
            digits = 9 if row.scale == 'exact' else 4
            entry |= rounded(compare.measured(row, runs), digits)
        found.append(entry)
    return found


def pairs(runs):
    """Return the comparisons of two settings of ours."""
    return [pair | rounded(compare.difference(pair, runs), 3)
            for pair in PAIRS]


def curves(runs):
    """Return what lessons 14 and 15 draw: '14' by network, '15' by rule."""
    of = compare.Spread.of
    digits, optimisers = {}, {}
    for kind in 'abc':
        found = runs[f'digits {kind}']
        loss, acc = of(found['batch loss']), of(found['test'])
        theirs = [[float(f) for f in row.figures] for row in ROWS
                  if row.ours == [f'digits {kind}', 'batch loss', 0]]
        digits[kind] = rounded({
            'seeds': loss.runs, 'batches': BATCHES,
            'loss_mean': loss.mean, 'loss_sd': loss.sd, 'acc_mean': acc.mean,
            'acc_sd': acc.sd}, 4) | dict(zip(
                ('source', 'source_again'), theirs, strict=False))
    basis, = of(runs['optimiser SGD 0.01']['time']).mean
    for name in OPTIMISERS:
        found = runs[f'optimiser {name}']
        loss, acc = of(found['loss']), of(found['test'])
        optimisers[name] = rounded({
            'seeds': loss.runs, 'batches': list(range(0, 600, 10)),
            'loss_mean': loss.mean, 'loss_sd': loss.sd,
            'acc_mean': acc.mean[0], 'acc_sd': acc.sd[0],
            'seconds_ratio': of(found['time']).mean[0] / basis}, 4)
    return {'14': digits, '15': optimisers}


def write():
    """Write the ledger of all runs that are kept; the others stay as known.

    Raises:
        ValueError: an experiment has neither kept runs nor known ones.
    """
    runs = read()['runs'] if LEDGER.exists() else {}
    for name, experiment in EXPERIMENTS.items():
        digits = 9 if experiment.seeds == 1 else 6
        new = runner.kept(name)
        if new:
            runs[name] = rounded(new, digits)
        elif name not in runs:
            raise ValueError(f'{name}: no run is known; make ledger runs it')
    runs = {name: runs[name] for name in EXPERIMENTS}
    parts = [f'"{part}": [\n' + ',\n'.join(map(json.dumps, entries)) + '\n]'
             for part, entries in (('rows', rows(runs)),
                                   ('pairs', pairs(runs)))]
    parts += [f'"{part}": {{\n' + ',\n'.join(
        f'{json.dumps(key)}: {json.dumps(entry)}'
        for key, entry in entries.items()) + '\n}'
        for part, entries in (('curves', curves(runs)), ('runs', runs))]
    part = LEDGER.with_suffix('.part')
    part.write_text('{' + ',\n'.join(parts) + '}\n')
    part.replace(LEDGER)
