"""Which contestants are compared, at what, and what is asked of ours."""
import math
import os
from typing import NamedTuple

COURSE = '.venv', 'benchmarks.course'
TORCH = '.bench', 'benchmarks.torch_side'
GLUON = 'Gluon DataLoader + ToTensor, {} workers'
LIMIT = 'NumPy: the limit'


class Contest(NamedTuple):
    group: str
    what: str
    same: str           # what all contestants have in common
    contestants: dict   # label: environment, module, function and settings;
                        # all times are given relative to the first's
    bars: dict = {}     # label: least and largest time allowed, ours = 1
    rounds: int = 7
    measure: str = 'seconds'    # or 'cpu': what the bars are about
    cores: int | None = None    # all; a number also lets each contestant
                                # choose its threads
    agree: bool = False     # whether all must report the same work
    sizes: tuple = ()   # of growth: what the contestants differ in
    slope: tuple = ()   # least and largest allowed


def _reading(batch_size, bars, part=None):
    settings = {'batch_size': batch_size, 'part': part}

    def gluon(num_workers):
        return (*COURSE, 'read_dataset',
                settings | {'num_workers': num_workers})

    def torch(num_workers):
        return (*TORCH, 'read_loader',
                settings | {'num_workers': num_workers})
    return Contest(
        'reading', f'batch {batch_size}' + (
            f', {part:,} images' if part else ''),
        f'{part or 60000:,} images, shuffled, as float32 in [0, 1]',
        {'ours': (*COURSE, 'read', settings)}
        | {GLUON.format(n): gluon(n) for n in (0, 2, 4)}
        | {'Gluon DataLoader over floats': (*COURSE, 'read_arrays',
                                            settings),
           'PyTorch DataLoader over floats': torch(0),
           'PyTorch DataLoader, 2 workers': torch(2),
           'PyTorch, tensor indexed by hand': (*TORCH, 'read_indexed',
                                               settings),
           LIMIT: (*COURSE, 'read_numpy', settings)}, bars, agree=True)


def _training(model, name, lr, bars, part, cores):
    settings = {'lr': lr, 'part': part}
    ours = {'ours': (*COURSE, 'train', settings | {'model': model})}
    if model == 'softmax':
        ours |= {'ours, from scratch': (*COURSE, 'train_scratch', settings),
                 LIMIT: (*COURSE, 'train_numpy', settings)}
    return Contest(
        'training', f'{name}, {cores} core' + 's' * (cores > 1),
        f'{math.ceil((part or 60000) / 256)} steps of SGD on batches of 256 '
        'float32 images, the reading included',
        ours | {'d2l, train_ch6': (*COURSE, 'train_d2l',
                                   settings | {'model': model}),
                'PyTorch': (*TORCH, 'train',
                            settings | {'model': model})},
        bars, measure='cpu' if cores == 1 else 'seconds', cores=cores)


def _reaching(model, name, lr, goal):
    settings = {'model': model, 'lr': lr, 'goal': goal}
    return Contest(
        'reaching', f'{name}: {goal:.2f}',
        'SGD, batch 256, from fresh weights, a look at the test set after '
        'every 47 batches', {'ours': (*COURSE, 'reach', settings),
                             'PyTorch': (*TORCH, 'reach', settings)},
        rounds=5)


def _starting(code, environment='.venv'):
    return environment, 'benchmarks.process', 'python', {'code': code}


def _growing(what, same, function, settings, key, sizes, slope=()):
    return Contest('growth', what, same,
                   {f'{size:,}': (*COURSE, function, settings | {key: size})
                    for size in sizes}, rounds=5, sizes=sizes, slope=slope)


CORES = sorted({1, 2, os.cpu_count()})
LINEAR = (0.95, 1.05)
OPEN = ('import d2lutils; '
        'train_iter, _ = d2lutils.load_data_fashion_mnist(256)')
SOFTMAX = {'model': 'softmax', 'lr': 0.1}
CONTESTS = [
    _reading(1, {GLUON.format(n): (15, math.inf) for n in (0, 2, 4)}, 3000),
    _reading(16, {}, 12000),
    _reading(256, {GLUON.format(2): (70, math.inf), LIMIT: (1 / 1.8, 1)}),
    _reading(2048, {}),
    *[_training(*row, cores) for row in (
        ('softmax', 'softmax', 0.1, {
            'PyTorch': (1 / 1.1, math.inf), 'ours, from scratch': (0, 2.5)},
         None),
        ('mlp', 'MLP of 256', 0.5, {'PyTorch': (1 / 1.1, math.inf)}, None),
        ('cnn', 'CNN of lesson 14, 6,400 images', 0.01,
         {'PyTorch': (1 / 1.3, math.inf)}, 6400))
      for cores in CORES],
    _reaching('softmax', 'softmax', 0.1, 0.80),
    _reaching('mlp', 'MLP of 256', 0.5, 0.85),
    Contest('starting', 'a new interpreter', 'from its start to its end', {
        'import d2lutils, first batch': _starting(
            f'{OPEN}; next(iter(train_iter))[0].wait_to_read()'),
        'import d2lutils, open the data': _starting(OPEN),
        'import d2lutils': _starting('import d2lutils'),
        'import mxnet': _starting('import mxnet'),
        'import d2l': _starting('from d2l import mxnet'),
        'import torch': _starting('import torch', '.bench')},
        rounds=5),
    _growing('reading, training set repeated', 'batch 256', 'read',
             {'batch_size': 256}, 'copies', (1, 4, 16), LINEAR),
    _growing('training softmax, training set repeated', 'batch 256',
             'train', SOFTMAX, 'copies', (1, 4, 16), LINEAR),
    _growing('training softmax, classes', 'batch 256, 10 steps',
             'train', SOFTMAX | {'part': 2560}, 'classes',
             (10, 100, 1000, 10000)),
    Contest('course', 'make test', 'every check, once', {
        f'{jobs} at a time': ('.venv', 'benchmarks.process', 'make', {
            'arguments': ['test', f'JOBS={jobs}']}) for jobs in (2, 1)},
        rounds=1),
]
GROUPS = list(dict.fromkeys([c.group for c in CONTESTS] + ['memory']))
