"""The training loop is the book's, measured right, and stops with reasons."""
import subprocess
import sys

import mxnet as mx
import numpy
import pytest
from mxnet import gluon, init, np, npx

import d2lutils

npx.set_np()


class Batches:
    """A loader of given arrays."""

    def __init__(self, X, y, batch_size):
        self.X, self.y, self.batch_size = X, y, batch_size

    def __len__(self):
        return -(-len(self.y) // self.batch_size)

    def __iter__(self):
        for i in range(0, len(self.y), self.batch_size):
            yield (self.X[i:i + self.batch_size],
                   self.y[i:i + self.batch_size])


@pytest.fixture
def batches():
    rng = numpy.random.default_rng(0)
    X = np.array(rng.normal(size=(50, 1, 2, 2)), dtype='float32')
    y = np.array(rng.integers(0, 3, 50), dtype='int32')
    return Batches(X, y, 16)


@pytest.fixture
def net():
    npx.random.seed(0)
    net = gluon.nn.Dense(3)
    net.initialize(init.Normal(0.1))
    return net


loss = gluon.loss.SoftmaxCrossEntropyLoss()


def trainer_of(net, lr=0.1):
    return gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': lr})


def test_the_means_are_over_examples_before_each_step(batches, net):
    net(batches.X)
    W, b = net.weight.data().asnumpy().T, net.bias.data().asnumpy()
    got = d2lutils.train_epoch_ch3(net, batches, loss, trainer_of(net))
    # The same by NumPy, each batch divided by the nominal batch size
    total = correct = 0
    for X, y in batches:
        X, y = X.asnumpy().reshape(-1, 4), y.asnumpy()
        scores = X @ W + b
        p = numpy.exp(scores) / numpy.exp(scores).sum(1, keepdims=True)
        total -= numpy.log(p[range(len(y)), y]).sum()
        correct += (scores.argmax(1) == y).sum()
        p[range(len(y)), y] -= 1
        W, b = W - 0.1 * X.T @ p / 16, b - 0.1 * p.sum(0) / 16
    assert got == pytest.approx((total / 50, correct / 50), rel=1e-5)
    assert numpy.allclose(net.weight.data().asnumpy().T, W, atol=1e-6)
    assert numpy.allclose(net.bias.data().asnumpy(), b, atol=1e-6)


def test_a_function_and_a_trainer_step_alike(batches, net):
    net(batches.X)
    start = net.weight.data().copy(), net.bias.data().copy()
    d2lutils.train_epoch_ch3(net, batches, loss, trainer_of(net))
    W, b = start[0].T.copy(), start[1]
    for parameter in W, b:
        parameter.attach_grad()
    sizes = []

    def updater(batch_size):
        sizes.append(batch_size)
        for parameter in W, b:
            parameter[:] = parameter - 0.1 * parameter.grad / batch_size

    d2lutils.train_epoch_ch3(
        lambda X: np.dot(X.reshape(len(X), -1), W) + b, batches, loss,
        updater)
    assert sizes == [16] * 4, 'the last, short batch counts as a whole one'
    assert np.abs(W - net.weight.data().T).max() < 1e-6
    assert np.abs(b - net.bias.data()).max() < 1e-6


def test_accuracy_counts_examples_not_batches(batches, net):
    right = batches.y == net(batches.X).argmax(axis=1).astype('int32')
    expected = float(right.astype('float32').mean())
    assert d2lutils.evaluate_accuracy(net, batches) == pytest.approx(expected)
    grads = [p.grad().copy() for p in net.collect_params().values()]
    d2lutils.evaluate_accuracy(net, batches)
    for parameter, old in zip(net.collect_params().values(), grads,
                              strict=True):
        assert (parameter.grad() == old).all()


def test_a_run_prints_a_line_an_epoch_and_returns_its_history(
        batches, net, capsys):
    history = d2lutils.train_ch3(net, batches, batches, loss, 3,
                                 trainer_of(net))
    out, err = capsys.readouterr()
    assert err == ''
    assert out.splitlines() == [
        f'epoch {i}, loss {l:.3f}, train accuracy {a:.3f}, '
        f'validation accuracy {t:.3f}'
        for i, (l, a, t) in enumerate(zip(*history, strict=True), start=1)]
    assert [len(values) for values in history] == [3, 3, 3]
    assert history.train_loss[2] < history.train_loss[0]
    assert history.valid_acc[-1] == d2lutils.evaluate_accuracy(net, batches)


def test_a_run_repeated_in_one_kernel_gives_the_same_digits(capsys):
    train_iter, valid_iter, _ = d2lutils.load_data_fashion_mnist(
        2048, seed=0, validation=10000)
    runs = []
    for _ in range(2):
        npx.random.seed(0)
        net = gluon.nn.Dense(10)
        net.initialize(init.Normal(0.01))
        runs.append(d2lutils.train_ch3(net, train_iter, valid_iter, loss, 2,
                                       trainer_of(net, 0.2)))
        sum(1 for _ in train_iter)      # something else reads in between
    assert runs[0] == runs[1]


def test_the_real_data_are_learned():
    npx.random.seed(0)
    train_iter, test_iter = d2lutils.load_data_fashion_mnist(512, seed=0)
    net = gluon.nn.Dense(10)
    net.initialize(init.Normal(0.01))
    assert d2lutils.evaluate_accuracy(net, test_iter) < 0.3
    value, accuracy = d2lutils.train_epoch_ch3(
        net, train_iter, loss, trainer_of(net, 0.2))
    assert 0.7 < value < 1 and 0.6 < accuracy < 0.8
    assert d2lutils.evaluate_accuracy(net, test_iter) > 0.72


def test_everything_runs_on_another_device(batches, net):
    device = mx.cpu(1)
    net = gluon.nn.Dense(3)
    net.initialize(ctx=device)
    there = Batches(batches.X.as_in_ctx(device), batches.y.as_in_ctx(device),
                    16)
    value, _ = d2lutils.train_epoch_ch3(net, there, loss, trainer_of(net))
    assert value > 0 and net.weight.data().ctx == device


def test_sums_are_read_once_an_epoch(batches, net, monkeypatch):
    reads = []
    read = np.ndarray.asnumpy
    monkeypatch.setattr(np.ndarray, 'asnumpy',
                        lambda self: reads.append(1) or read(self))
    d2lutils.train_epoch_ch3(net, batches, loss, trainer_of(net))
    assert len(reads) <= 3


# Errors --------------------------------------------------------------------

@pytest.mark.parametrize('bad', [
    lambda X: X,                                     # (n, 1, 2, 2)
    lambda X: X.reshape(-1),                         # (4 n,)
    lambda X: np.zeros((7, 3)),                      # another n
    lambda X: 1.0,
])
def test_a_net_whose_output_is_not_n_classes(batches, bad):
    message = r'net gives an output of shape .* for 16 exam.*expected \(16'
    with pytest.raises(ValueError, match=message):
        d2lutils.evaluate_accuracy(bad, batches)
    with pytest.raises(ValueError, match=message):
        d2lutils.train_epoch_ch3(bad, batches, loss, lambda batch_size: None)


def test_a_loss_that_is_already_a_mean(batches, net):
    with pytest.raises(ValueError, match=r'loss gives \(\), expected one'):
        d2lutils.train_epoch_ch3(net, batches, lambda *a: loss(*a).mean(),
                                 trainer_of(net))


def test_a_loss_that_becomes_nan_is_placed(batches, net):
    def poisoned(y_hat, y):
        calls.append(1)
        return loss(y_hat, y) * (float('nan') if len(calls) == 7 else 1)

    calls = []
    with pytest.raises(FloatingPointError, match='^loss is nan from batch 3'):
        calls += [1] * 4
        d2lutils.train_epoch_ch3(net, batches, poisoned, trainer_of(net))
    net.initialize(init.Normal(0.1), force_reinit=True)
    calls.clear()
    with pytest.raises(FloatingPointError,
                       match='^epoch 2: loss is nan from batch 3 on: the '):
        d2lutils.train_ch3(net, batches, batches, poisoned, 5,
                           trainer_of(net))


def test_an_infinite_loss_is_placed_too(batches, net):
    with pytest.raises(FloatingPointError, match='from batch 1 on'):
        d2lutils.train_epoch_ch3(net, batches, lambda y_hat, y: y_hat[:, 0]
                                 + float('inf'), lambda batch_size: None)


@pytest.mark.parametrize('updater', [0.1, None, 'sgd'])
def test_an_updater_is_a_function_or_a_trainer(batches, net, updater):
    with pytest.raises(TypeError, match='updater is .*, expected a gluon.Tr'):
        d2lutils.train_epoch_ch3(net, batches, loss, updater)


def test_a_trainer_whose_parameters_were_never_initialised(batches, net):
    other = gluon.nn.Dense(3)
    with pytest.raises(RuntimeError, match='has not been initialized'):
        trainer_of(other)               # Gluon itself sees this one
    other.initialize()                  # but not this one: it waits for data
    with pytest.raises(ValueError, match='weight was never initialised, alt'):
        d2lutils.train_ch3(net, batches, batches, loss, 1, trainer_of(other))


@pytest.mark.parametrize('num_epochs', [0, -1, 1.5])
def test_epochs_are_a_positive_integer(batches, net, num_epochs):
    with pytest.raises(ValueError, match='num_epochs is .*, expected a'):
        d2lutils.train_ch3(net, batches, batches, loss, num_epochs,
                           trainer_of(net))


def test_a_generator_that_is_used_up(batches, net):
    used_up = Batches(batches.X[:0], batches.y[:0], 16)
    for function, *rest in ((d2lutils.evaluate_accuracy,),
                            (d2lutils.train_epoch_ch3, loss,
                             trainer_of(net))):
        with pytest.raises(ValueError, match='gave no batch: is it used up'):
            function(net, used_up, *rest)


# What importing and running cost -------------------------------------------

def test_importing_loads_neither_d2l_nor_matplotlib():
    code = ('import mxnet, sys; before = set(sys.modules); import d2lutils; '
            'print(sorted(m for m in set(sys.modules) - before '
            'if not m.startswith("d2lutils")))')
    done = subprocess.run([sys.executable, '-c', code], timeout=60,
                          capture_output=True, text=True, check=True)
    assert done.stdout == '[]\n'


KERNEL = """
import ctypes, sys
import d2lutils
from mxnet import autograd, gluon, nd, npx
npx.set_np()
net = gluon.nn.Dense(10)
net.initialize()
loss = gluon.loss.SoftmaxCrossEntropyLoss()
trainer = gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': 0.1})
train_iter, test_iter = d2lutils.load_data_fashion_mnist(256)
d2lutils.train_epoch_ch3(net, train_iter, loss, trainer)
nd.waitall()
ctypes.CDLL(None).malloc_trim(0)
print('ready', flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not sys.platform.startswith('linux'),
                    reason='Linux alone tells the proportional set size')
@pytest.mark.usefixtures('untraced')
def test_four_kernels_at_once_stay_under_160_mib_each():
    # Of what an epoch frees, the C library keeps 0 to 14 MiB as it happens:
    # KERNEL gives it back before it is measured.
    # What a kernel itself loads comes first
    code = 'import ipykernel.kernelapp' + KERNEL
    kernels = [subprocess.Popen([sys.executable, '-c', code], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
               for _ in range(4)]
    try:
        assert [k.stdout.readline() for k in kernels] == ['ready\n'] * 4
        for kernel in kernels:
            with open(f'/proc/{kernel.pid}/smaps_rollup') as f:
                kib = next(int(line.split()[1]) for line in f
                           if line.startswith('Pss:'))
            assert kib < 160 * 1024, f'{kib / 1024:.0f} MiB'
    finally:
        for kernel in kernels:
            kernel.kill()
            kernel.communicate()
