"""Hold the lessons' numbers to those that the sources report.

    python tools/ledger.py      run what is missing, write file and table

An experiment takes its definitions out of a lesson and runs them from
several seeds. What a run gives is kept in .ledger/ until those cells change:
a command that was stopped goes on where it was. notebooks/ledger.json holds
the outcome; no hand types a number of ours.
"""
import pins  # noqa: F401, I001 -- before MXNet starts
import ast
import contextlib
import functools
import hashlib
import inspect
import io
import itertools
import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy
from cells import Lesson
from scipy import stats

ROOT = Path(__file__).parent.parent
LEDGER = ROOT / 'notebooks/ledger.json'
RUNS = ROOT / '.ledger'
README = ROOT / 'README.md'
MARKS = '<!-- ledger: written by make ledger -->', '<!-- end of ledger -->'


# Experiments: a seed and a lesson's definitions -> numbers, by name ---------

def log_loss(seed, cross_entropy):
    from mxnet import np
    y_hat = np.array([[0.6, 0.4], [0.1, 0.9]])
    y = np.array([0, 0], dtype='int32')
    return {'loss': cross_entropy(y_hat, y).tolist()}


def recovered(seed, data_iter, linreg, squared_loss, sgd, features, labels,
              true_w, true_b):
    from mxnet import autograd, np, npx
    npx.random.seed(seed)
    rng = numpy.random.default_rng(seed)
    w, b = np.random.normal(0, 0.01, size=2), np.zeros(1)
    for param in (w, b):
        param.attach_grad()
    for _ in range(3):
        for X, y in data_iter(10, features, labels, rng):
            with autograd.record():
                l = squared_loss(linreg(X, w, b), y)
            l.backward()
            sgd([w, b], 0.03, 10)
    return {'miss': float(max(abs(w - true_w).max(), abs(b - true_b).max()))}


def sure(seed, softmax, cross_entropy):
    from mxnet import np
    gap = float(numpy.log(1e6 - 1))
    y = np.array([0, 0], dtype='int32')
    return {'loss': cross_entropy(np.array([[0, gap], [gap, 0]]), y).tolist()}


def numpy_softmax(seed, final_errors, train):
    return {'errors': [float(e) for e in final_errors(train, seed)]}


def reading(seed, time_readers):
    seconds = {n: time_readers(n, part)['Gluon, 4 workers'] * 60000 / part
               for n, part in ((256, 60000), (1, 1000))}
    return {'seconds 256': seconds[256], 'seconds 1': seconds[1],
            'ratio': seconds[1] / seconds[256]}


def worked_example(seed, softmax, accuracy):
    from mxnet import np
    y_hat = np.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    y = np.array([0, 2], dtype='int32')
    return {'softmax': softmax(np.array([[1, 2, 3], [3, 4, 5]]))[0].tolist(),
            'accuracy': accuracy(y_hat, y) / len(y)}


def _history(net, loss, updater, evaluate, train_epoch, loaders, num_epochs):
    train_iter, test_iter = loaders
    run = {'untrained': evaluate(net, test_iter), 'loss': [], 'train': [],
           'test': []}
    for _ in range(num_epochs):
        train_loss, train_acc = train_epoch(net, train_iter, loss, updater)
        run['loss'].append(train_loss)
        run['train'].append(train_acc)
        run['test'].append(evaluate(net, test_iter))
    return run


def _scratch(batch_size, rate, num_epochs):
    def train(seed, restart, net, cross_entropy, sgd, W, b, evaluate_accuracy,
              train_epoch_ch3):
        import d2lutils
        restart(seed)
        return _history(
            net, cross_entropy, lambda size: sgd([W, b], rate, size),
            evaluate_accuracy, train_epoch_ch3,
            d2lutils.load_data_fashion_mnist(batch_size, seed=seed),
            num_epochs)
    return train


def gluon_softmax(seed, concise):
    from mxnet import gluon

    import d2lutils
    net, trainer = concise(seed, 0.2)
    return _history(net, gluon.loss.SoftmaxCrossEntropyLoss(), trainer,
                    d2lutils.evaluate_accuracy, d2lutils.train_epoch_ch3,
                    d2lutils.load_data_fashion_mnist(512, seed=seed), 5)


def mlp(seed, init_params, mlp, cross_entropy, sgd):
    from functools import partial

    import d2lutils
    params = init_params(seed)
    return _history(
        partial(mlp, params), cross_entropy, partial(sgd, params, 0.5),
        d2lutils.evaluate_accuracy, d2lutils.train_epoch_ch3,
        d2lutils.load_data_fashion_mnist(256, seed=seed), 5)


def _digits(kind):
    def train(seed, make_net, losses, train_epoch, accuracy):
        from mxnet import gluon, npx

        import d2lutils
        npx.random.seed(seed)
        net = make_net(kind)
        trainer = gluon.Trainer(net.collect_params(), 'sgd',
                                {'learning_rate': 0.01})
        train_iter, test_iter = d2lutils.load_data_mnist(100, seed=seed)
        run = {'batch loss': [], 'test': []}
        for _ in range(5):
            values = train_epoch(net, losses[kind], train_iter, trainer)
            run['batch loss'] += values[:600:200]
            run['test'].append(accuracy(kind, net, test_iter))
        return run
    return train


def _optimiser(name):
    def train(seed, runs, make_net, loss, train_epoch):
        from mxnet import gluon, npx

        import d2lutils
        npx.random.seed(seed)
        net = make_net()
        optimizer, settings = runs[name]
        trainer = gluon.Trainer(net.collect_params(), optimizer, settings)
        train_iter, test_iter = d2lutils.load_data_mnist(100, seed=seed)
        start = time.process_time()
        values = train_epoch(net, loss, train_iter, trainer)
        seconds = time.process_time() - start
        return {'loss': numpy.reshape(values, (60, 10)).mean(1).tolist(),
                'test': d2lutils.evaluate_accuracy(net, test_iter),
                'seconds': seconds}
    return train


DEFINITIONS_04 = ('restart', 'net', 'cross_entropy', 'sgd', 'W', 'b',
                  'evaluate_accuracy', 'train_epoch_ch3')
OPTIMISERS = ('SGD 0.001', 'SGD 0.01', 'SGD 0.1', 'SGD 1', 'Momentum',
              'AdaGrad', 'RMSProp', 'Adam')


class Experiment(NamedTuple):
    lesson: str
    names: tuple        # that `run` takes from the lesson
    before: str         # the cell of the lesson to stop before; None for none
    seeds: int
    run: object         # a function of the seed and of what has those names


# The long ones come first, so that all cores are busy to the end
EXPERIMENTS = {name: Experiment(*fields) for name, fields in ({
    f'digits {kind}': (
        '12', ('make_net', 'losses', 'train_epoch', 'accuracy'), None, 5,
        _digits(kind)) for kind in 'cba'} | {
    f'optimiser {name}': (
        '13', ('runs', 'make_net', 'loss', 'train_epoch'), None, 5,
        _optimiser(name)) for name in OPTIMISERS} | {
    'scratch 512': ('04', DEFINITIONS_04, 'train-s0', 10,
                    _scratch(512, 0.2, 5)),
    'scratch 256': ('04', DEFINITIONS_04, 'train-s0', 5,
                    _scratch(256, 0.1, 10)),
    'gluon 512': ('05', ('concise',), None, 10, gluon_softmax),
    'mlp': ('09', ('init_params', 'mlp', 'cross_entropy', 'sgd'),
            'train-mlp', 5, mlp),
    'numpy SGD': ('07', ('final_errors', 'train_sgd'), None, 5,
                  numpy_softmax),
    'numpy L-BFGS-B': ('07', ('final_errors', 'train_lbfgs'), None, 5,
                       numpy_softmax),
    'recovered': ('01', ('data_iter', 'linreg', 'squared_loss', 'sgd',
                         'features', 'labels', 'true_w', 'true_b'),
                  None, 5, recovered),
    'sure': ('06', ('softmax', 'cross_entropy'), None, 1, sure),
    'reading': ('03', ('time_readers',), None, 5, reading),
    'worked example': ('04', ('softmax', 'accuracy'), 'train-s0', 1,
                       worked_example),
    'log loss': ('04', ('cross_entropy',), 'train-s0', 1, log_loss),
}).items()}

EPOCHS = [f'epoch {n}' for n in range(1, 6)]
STEPS = [f'epoch {n}, batch {k}' for n in range(1, 6) for k in (0, 200, 400)]
SERVER = 'another machine: a server of 40 cores'
ONE_RUN = 'one run without a seed; lesson 05 asks what it can mean'
ONE_BATCH = 'the loss of one batch of 100 images, in one run'
UNKNOWN = ('the source names neither the activation nor the initial weights; '
           'with ours the network gets further: see lesson 12')


class Row(NamedTuple):
    lesson: str
    source: str
    setting: str
    what: str
    experiment: str     # None where ours is not measured
    key: str            # of the experiment's numbers
    at: list            # where along a run
    reported: str       # by the source; None for nothing
    # `outside`: why figures lie outside; `bounds`: what our means are held
    # to where they stand alone; both by the figure's index
    extra: dict


ROWS = [Row(*fields) for fields in [
    ('01_linear_regression', 'S1', 'by hand, 3 epochs, lr 0.03, batch 10',
     'largest error of w and b', 'recovered', 'miss', [''], None,
     {'bounds': {0: (0, 0.01)}}),
    ('02_softmax_regression', 'S0, S2, S3', 'p = 0.6 and 0.1', '-ln p',
     'log loss', 'loss', ['0.6', '0.1'], '0.51 2.30', {}),
    ('03_fashion_mnist', 'S0', 'Gluon DataLoader, batch 256, 4 workers',
     'seconds an epoch', 'reading', 'seconds 256', [''], '1.72',
     {'outside': {0: SERVER}}),
    ('03_fashion_mnist', 'S0', 'Gluon DataLoader, batch 256, many workers',
     'seconds an epoch', None, None, ['40 workers', '80 workers'],
     '0.86 0.74', {'outside': dict.fromkeys(
         (0, 1), 'not measured: it takes a machine of 40 cores')}),
    ('03_fashion_mnist', 'S0', 'Gluon DataLoader, batch 1, 4 workers',
     'seconds an epoch', 'reading', 'seconds 1', [''], '152.24',
     {'outside': {0: SERVER}}),
    ('03_fashion_mnist', 'S0', 'Gluon DataLoader, 4 workers',
     'time at batch 1 / at batch 256', 'reading', 'ratio', [''], '88.5',
     {'outside': {0: SERVER}}),
    ('04_softmax_scratch', 'S0, S1, S4', 'scores 1, 2, 3', 'softmax',
     'worked example', 'softmax', ['1', '2', '3'], '0.0900 0.2447 0.6652',
     {}),
    ('04_softmax_scratch', 'S0, S1, S4', 'two rows', 'accuracy',
     'worked example', 'accuracy', [''], '0.5', {}),
    ('04_softmax_scratch', 'S0', 'untrained', 'test accuracy', 'scratch 512',
     'untrained', [''], '.0608', {}),
    ('04_softmax_scratch', 'S0', 'batch 512, lr 0.2', 'train loss',
     'scratch 512', 'loss', EPOCHS, '.9251 .6221 .5600 .5325 .5085', {}),
    ('04_softmax_scratch', 'S0', 'batch 512, lr 0.2', 'train accuracy',
     'scratch 512', 'train', EPOCHS, '.703 .789 .810 .819 .827', {}),
    ('04_softmax_scratch', 'S0', 'batch 512, lr 0.2', 'test accuracy',
     'scratch 512', 'test', EPOCHS, '.778 .805 .825 .826 .821', {}),
    ('04_softmax_scratch', 'S4', 'batch 256, lr 0.1, 10 epochs',
     'test accuracy', 'scratch 256', 'test', [f'epoch {n}' for n in
                                              range(1, 11)], None, {}),
    ('05_softmax_gluon', 'S0', 'batch 512, lr 0.2', 'train loss',
     'gluon 512', 'loss', EPOCHS, '.9137 .6413 .5698 .5274 .5265',
     {'outside': {4: ONE_RUN}}),
    ('05_softmax_gluon', 'S0', 'batch 512, lr 0.2', 'train accuracy',
     'gluon 512', 'train', EPOCHS, '.703 .784 .805 .822 .819', {}),
    ('05_softmax_gluon', 'S0', 'batch 512, lr 0.2', 'test accuracy',
     'gluon 512', 'test', EPOCHS, '.788 .820 .816 .833 .840',
     {'outside': {3: ONE_RUN, 4: ONE_RUN}}),
    ('06_numerical_stability', 'S0', 'p = 1e-6 and 1 - 1e-6', 'loss', 'sure',
     'loss', ['wrong', 'right'], '13.8 0.000001', {}),
    ('07_softmax_by_hand', 'S3', 'mini-batch SGD, batch 200, alpha 0.06',
     'error rate', 'numpy SGD', 'errors', ['train', 'test'], None, {}),
    ('07_softmax_by_hand', 'S3', 'L-BFGS-B, 50 iterations', 'error rate',
     'numpy L-BFGS-B', 'errors', ['train', 'test'], None,
     {'bounds': {1: (0, 0.08)}}),
    ('09_mlp_scratch', 'S1', '784-256-10, batch 256, lr 0.5',
     'test accuracy', 'mlp', 'test', EPOCHS, None,
     {'bounds': {4: (0.85, 1)}}),
    ('12_digits', 'S2', '(a) sigmoid, squared error', 'batch loss',
     'digits a', 'batch loss', STEPS, '20.6 6.24 4.01 4.12 3.62 2.96 3.08 '
     '2.88 2.62 2.88 2.99 1.56 2.47 2.64 2.91',
     {'outside': {11: ONE_BATCH, 13: ONE_BATCH}}),
    ('12_digits', 'S2', '(b) convolutional, squared error', 'batch loss',
     'digits b', 'batch loss', STEPS, '16.6 9.12 3.06 3.46 2.77 3.46 2.50 '
     '2.55 2.00 2.64 2.47 2.89 1.95 2.31 2.30',
     {'outside': {i: UNKNOWN for i in range(15) if i not in (2, 8)}}),
    ('12_digits', 'S2', '(c) convolutional, cross-entropy', 'batch loss',
     'digits c', 'batch loss', STEPS, '2.36 .380 .306 .157 .249 .284 .114 '
     '.243 .104 .158 .202 .186 .137 .114 .0979',
     {'outside': {3: ONE_BATCH}}),
] + [
    ('12_digits', 'S2', f'({kind}), batch 100, lr 0.01', 'test accuracy',
     f'digits {kind}', 'test', EPOCHS, None, extra)
    for kind, extra in (('a', {}), ('b', {}),
                        ('c', {'bounds': {4: (0.96, 1)}}))
] + [
    ('13_optimisers', 'S2', f'{name}, batch 100, one epoch', 'test accuracy',
     f'optimiser {name}', 'test', ['epoch 1'], None, {})
    for name in OPTIMISERS
]]


# Running ------------------------------------------------------------------

@functools.cache
def _folder(name):
    """Return the folder of an experiment's runs, named after what it runs."""
    lesson_name, names, before, _, experiment = EXPERIMENTS[name]
    lesson = Lesson(lesson_name)
    cells = lesson.needed(names, before)
    # Comments and blanks may change without a new run
    text = ''.join(ast.dump(ast.parse(lesson.sources[c])) for c in cells)
    text += inspect.getsource(experiment) + repr(experiment.__closure__ and [
        c.cell_contents for c in experiment.__closure__])
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return RUNS / f'{name.replace(" ", "-")}-{digest}'


def run(task):
    """Run one experiment from one seed, and keep what it gives."""
    name, seed = task
    lesson_name, names, before, _, experiment = EXPERIMENTS[name]
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        found = Lesson(lesson_name).load(*names, before=before)
        result = experiment(seed, *found)
    folder = _folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f'{seed}.part'
    part.write_text(json.dumps(result))
    part.replace(folder / f'{seed}.json')
    return name, seed, time.perf_counter() - start


def run_missing():
    """Run what has not been run since its lesson changed, on all cores."""
    tasks = [(name, seed) for name, experiment in EXPERIMENTS.items()
             for seed in range(experiment.seeds)
             if not (_folder(name) / f'{seed}.json').exists()]
    # Clocks are read alone, and in this process: it may start others
    alone = [task for task in tasks if task[0] == 'reading']
    shared = [task for task in tasks if task not in alone]
    with ProcessPoolExecutor(
            os.cpu_count(), multiprocessing.get_context('spawn')) as pool:
        done = itertools.chain(pool.map(run, shared), map(run, alone))
        for i, (name, seed, seconds) in enumerate(done, start=1):
            print(f'{i:4d}/{len(tasks)} {name}, seed {seed}, '
                  f'{seconds:.0f} s', flush=True)


# The file -----------------------------------------------------------------

def numbers(name, key):
    """Return an experiment's numbers under a key, (seeds, numbers)."""
    return numpy.array([
        numpy.atleast_1d(json.loads(
            (_folder(name) / f'{seed}.json').read_text())[key])
        for seed in range(EXPERIMENTS[name].seeds)])


def summary(name, key):
    """Count an experiment's runs; return their means and spreads as well."""
    values = numbers(name, key)
    sd = (values.std(axis=0, ddof=1) if len(values) > 1
          else numpy.zeros(values.shape[1]))
    return len(values), _rounded(values.mean(axis=0)), _rounded(sd)


def _rounded(values):
    return [float(f'{v:.4g}') for v in values]


def interval(sd, runs):
    """Return the half-width of the 95 % prediction interval of one more run.

    Of Student's t; sd may be an array.
    """
    return stats.t.ppf(0.975, runs - 1) * sd * (1 + 1 / runs) ** 0.5


def inside(reported, mean, sd, runs):
    """Say whether a figure could be one more run of ours, by its digits.

    It lies in the interval of the next run, or rounds to the same digits.

    Args:
        reported: the source's figure, as it is printed there.
        mean, sd, runs: of ours.
    """
    half_digit = 0.5 * 10. ** -len(reported.partition('.')[2])
    width = interval(sd, runs) if runs > 1 else 0
    return bool(abs(float(reported) - mean) <= width + half_digit)


def rows():
    """Return the ledger's rows."""
    found = []
    for (lesson, source, setting, what, name, key, at, reported,
         extra) in ROWS:
        row = {'lesson': lesson, 'source': source, 'setting': setting,
               'what': what, 'at': at, 'runs': 0}
        if reported:
            row['reported'] = reported.split()
        if name:
            runs, mean, sd = summary(name, key)
            row |= {'runs': runs, 'mean': mean, 'sd': sd}
            if reported:
                row['inside'] = [inside(r, *ours, runs) for r, *ours in
                                 zip(row['reported'], mean, sd, strict=True)]
        found.append(row | {k: {str(i): v for i, v in entry.items()}
                            for k, entry in extra.items()})
    return found


def curves():
    """Return the long runs' curves, which lessons 12 and 13 draw."""
    digits, optimisers = {}, {}
    for row in ROWS:
        if row.key == 'batch loss':
            runs, loss, loss_sd = summary(row.experiment, 'batch loss')
            _, acc, acc_sd = summary(row.experiment, 'test')
            digits[row.experiment[-1]] = {
                'seeds': runs, 'batches': [600 * n + k for n in range(5)
                                           for k in (0, 200, 400)],
                'loss_mean': loss, 'loss_sd': loss_sd, 'acc_mean': acc,
                'acc_sd': acc_sd,
                'source': [float(r) for r in row.reported.split()]}
    basis = numbers('optimiser SGD 0.01', 'seconds').mean()
    for short in OPTIMISERS:
        name = f'optimiser {short}'
        runs, loss, loss_sd = summary(name, 'loss')
        _, (acc,), (acc_sd,) = summary(name, 'test')
        ratio, = _rounded([numbers(name, 'seconds').mean() / basis])
        optimisers[short] = {
            'seeds': runs, 'batches': list(range(0, 600, 10)),
            'loss_mean': loss, 'loss_sd': loss_sd, 'acc_mean': acc,
            'acc_sd': acc_sd, 'seconds_ratio': ratio}
    return {'12': digits, '13': optimisers}


def write():
    """Write the ledger, a row a line."""
    lines = ',\n'.join(json.dumps(row) for row in rows())
    text = f'{{"rows": [\n{lines}\n],\n"curves": {json.dumps(curves())}}}\n'
    part = LEDGER.with_suffix('.part')
    part.write_text(text)
    part.replace(LEDGER)


# The README's table --------------------------------------------------------

def _few(values):
    """Write up to five values, or the first and the last."""
    values = [f'{v:.3g}' if isinstance(v, float) else v for v in values]
    return (' '.join(values) if len(values) <= 5
            else f'{values[0]} ... {values[-1]}')


def table():
    """Return the ledger as a Markdown table."""
    lines = ['| lesson | source, setting | what | source | ours: mean '
             '(spread of the last), runs | inside |', '|---' * 6 + '|']
    for row in json.loads(LEDGER.read_text())['rows']:
        theirs, ours, verdict = 'reports none', 'not measured', ''
        if 'reported' in row:
            theirs = _few(row['reported'])
        if 'mean' in row:
            ours = (f'{_few(row["mean"])} ({row["sd"][-1]:.2g}), '
                    f'{row["runs"]}')
        if 'inside' in row:
            verdict = f'{sum(row["inside"])} of {len(row["inside"])}'
        lines.append(
            f'| {row["lesson"][:2]} | {row["source"]}, {row["setting"]} '
            f'| {row["what"]} | {theirs} | {ours} | {verdict} |')
    return '\n'.join(lines)


def readme(text):
    """Return the README's text with the table between its marks."""
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    return f'{before}{MARKS[0]}\n{table()}\n{MARKS[1]}{after}'


def main():
    run_missing()
    write()
    README.write_text(readme(README.read_text()))


if __name__ == '__main__':
    main()
