"""Compute what two kinds of machine must agree on; save it as arrays.

    python -m tests.tools.arithmetic FILE.npz

test_arm64 runs it here, and on an emulated arm64.
"""
import json
import platform
import sys
from pathlib import Path

import matplotlib
import numpy

matplotlib.use('agg')
from tools import pins  # noqa: E402, F401, I001 -- before MXNet starts
from mxnet import autograd, gluon, init, np, npx  # noqa: E402
from mxnet.gluon import nn  # noqa: E402

import d2lutils  # noqa: E402

npx.set_np()
ROOT = Path(__file__).parents[2]
CELLS = {'02': 14, '04': 12, '14': 11}     # the first ones, up to the nets


def checks():
    """Return 20 results of MXNet, each with NumPy's."""
    rng = numpy.random.default_rng(0)
    a, b = rng.normal(size=(2, 40, 40)).astype('float32')
    p = a @ a.T + 40 * numpy.eye(40, dtype='float32')
    A, B, P = np.array(a), np.array(b), np.array(p)
    images = rng.normal(size=(2, 1, 9, 9)).astype('float32')
    window = rng.normal(size=(1, 1, 3, 3)).astype('float32')
    views = numpy.lib.stride_tricks.sliding_window_view(images, (3, 3),
                                                        axis=(2, 3))
    e = numpy.exp(a - a.max(axis=1, keepdims=True))
    q, r = np.linalg.qr(A)
    u, s, v = np.linalg.svd(A)
    lower = np.linalg.cholesky(P)
    W = np.array(a)
    W.attach_grad()
    with autograd.record():
        loss = (np.dot(W, B) ** 2).sum()
    loss.backward()
    return {
        'add': (A + B, a + b), 'product': (A * B, a * b),
        'dot': (np.dot(A, B), a @ b),
        'dot transposed': (np.dot(A.T, B), a.T @ b),
        'exp': (np.exp(A), numpy.exp(a)),
        'log': (np.log(np.abs(A)), numpy.log(numpy.abs(a))),
        'sqrt': (np.sqrt(np.abs(A)), numpy.sqrt(numpy.abs(a))),
        'tanh': (np.tanh(A), numpy.tanh(a)),
        'sum': (A.sum(axis=0), a.sum(axis=0)),
        'mean': (A.mean(axis=1), a.mean(axis=1)),
        'max': (A.max(axis=1), a.max(axis=1)),
        'sort': (np.sort(A, axis=1), numpy.sort(a, axis=1)),
        'softmax': (npx.softmax(A), e / e.sum(axis=1, keepdims=True)),
        'relu': (npx.relu(A), a.clip(0)),
        'convolution': (
            npx.convolution(np.array(images), np.array(window),
                            kernel=(3, 3), num_filter=1, no_bias=True)[:, 0],
            (views * window[0, 0]).sum(axis=(4, 5))[:, 0]),
        'gradient': (W.grad, 2 * a @ b @ b.T),
        'QR': (np.dot(q, r), a),
        'singular values': (s, numpy.linalg.svd(a)[1]),
        'Cholesky': (np.dot(lower, lower.T), p),
        'inverse': (np.linalg.inv(P), numpy.linalg.inv(p)),
    }


def training():
    """Train a linear net for 20 steps; return its losses and weights."""
    npx.random.seed(0)
    net = nn.Dense(10)
    net.initialize(init.Normal(0.01))
    trainer = gluon.Trainer(net.collect_params(), 'sgd',
                            {'learning_rate': 0.1})
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    train_iter, _ = d2lutils.load_data_fashion_mnist(256, seed=0)
    losses = []
    for (X, y), _ in zip(train_iter, range(20), strict=False):
        with autograd.record():
            l = loss(net(X), y)
        l.backward()
        trainer.step(256)
        losses.append(float(l.mean()))
    return {'losses': losses, 'weights': net.weight.data()}


def cells(number):
    """Run a lesson's first cells; return the numbers that they leave."""
    path, = (ROOT / 'notebooks').glob(f'{number}_*.ipynb')
    sources = [''.join(cell['source'])
               for cell in json.loads(path.read_text('utf-8'))['cells']
               if cell['cell_type'] == 'code']
    namespace = {'__name__': path.stem}
    for source in sources[:CELLS[number]]:
        code = '\n'.join(line for line in source.splitlines()
                         if not line.startswith('%'))
        exec(compile(code, path.name, 'exec'), namespace)
    return {name: value for name, value in namespace.items()
            if isinstance(value, np.ndarray | float)
            or isinstance(value, numpy.ndarray) and value.dtype != object}


def main(path):
    print(platform.machine(), flush=True)
    found = {}
    for name, (ours, theirs) in checks().items():
        difference = numpy.abs(numpy.asarray(ours.asnumpy()) - theirs)
        scale = max(1, numpy.abs(theirs).max())
        found[f'check {name}'] = difference.max() / scale
    found |= {f'training {k}': v for k, v in training().items()}
    for number in CELLS:
        found |= {f'{number} {k}': v for k, v in cells(number).items()}
    numpy.savez(path, **{k: numpy.asarray(
        v.asnumpy() if isinstance(v, np.ndarray) else v)
        for k, v in found.items()})


if __name__ == '__main__':
    main(sys.argv[1])
