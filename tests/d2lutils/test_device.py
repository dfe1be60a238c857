"""One variable says where to compute; strict mode finds what is elsewhere."""
import os
import subprocess
import sys
import textwrap

import mxnet as mx
import pytest

import d2lutils
from d2lutils.device import check_context


@pytest.mark.parametrize(('name', 'expected'), [
    (None, mx.cpu()), ('', mx.cpu()), ('cpu', mx.cpu()),
    ('cpu(0)', mx.cpu()), ('cpu(1)', mx.cpu(1)), (' cpu(3) ', mx.cpu(3))])
def test_the_variable_names_the_device(monkeypatch, name, expected):
    monkeypatch.delenv('D2L_DEVICE', raising=False)
    if name is not None:
        monkeypatch.setenv('D2L_DEVICE', name)
    assert d2lutils.device() == expected


@pytest.mark.parametrize('name', ['gpux', 'cpu()', 'tpu', '1', 'cpu(-1)',
                                  'cpu(99999999999)', 'cpu(1);'])
def test_a_bad_name_is_told_what_exists(monkeypatch, name):
    monkeypatch.setenv('D2L_DEVICE', name)
    with pytest.raises(ValueError, match=r'expected one of cpu, cpu\(1\)'):
        d2lutils.device()


@pytest.mark.parametrize(('gpus', 'name', 'exists'), [
    (0, 'gpu', 'no GPU'), (0, 'gpu(0)', 'no GPU'), (2, 'gpu(2)', r'gpu\(1\)'),
])
def test_a_gpu_that_does_not_exist(monkeypatch, gpus, name, exists):
    monkeypatch.setattr(mx.context, 'num_gpus', lambda: gpus)
    monkeypatch.setenv('D2L_DEVICE', name)
    with pytest.raises(ValueError, match=f'does not exist here.*{exists}'):
        d2lutils.device()
    with pytest.raises(ValueError, match='does not exist here'):
        d2lutils.load_data_fashion_mnist(256, device=mx.gpu(7))


def test_gpus_that_exist(monkeypatch):
    monkeypatch.setattr(mx.context, 'num_gpus', lambda: 2)
    for name, expected in ('gpu', mx.gpu(0)), ('gpu(1)', mx.gpu(1)):
        monkeypatch.setenv('D2L_DEVICE', name)
        assert d2lutils.device() == expected


def test_a_device_is_a_context():
    with pytest.raises(TypeError, match="device is 'cpu', expected an MXNet"):
        check_context('cpu')
    with pytest.raises(TypeError, match='device is 1'):
        d2lutils.load_data_mnist(256, device=1)


# Strict mode, in a process of its own: it cannot be undone -----------------

PRELUDE = """
import mxnet as mx
from mxnet import autograd, gluon, np, npx
import d2lutils
npx.set_np()
here, there = mx.cpu(1), mx.cpu(0)
a, b = np.ones((2, 3), ctx=here), np.ones((2, 3), ctx=there)
net = gluon.nn.Dense(2, in_units=3)
net.initialize(ctx=here)
"""


def run(code, strict='1'):
    return subprocess.run(
        [sys.executable, '-c', PRELUDE + textwrap.dedent(code)],
        env=os.environ | {'D2L_STRICT_DEVICE': strict}, timeout=100,
        capture_output=True, text=True)


def test_strict_mode_catches_what_a_gpu_would_not_compute():
    done = run("""
    def with_autograd(function):
        a.attach_grad()
        with autograd.record():
            return function()

    def in_place():
        global a
        a += b

    hybrid = gluon.nn.Dense(2, in_units=3)
    hybrid.initialize(ctx=here)
    hybrid.hybridize()
    hybrid(a)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    planted = {
        'operator': lambda: a + b,
        'comparison': lambda: a == b,
        'product': lambda: np.dot(a, b.T),
        'concatenate': lambda: np.concatenate([a, b]),
        'pick': lambda: npx.pick(a, np.zeros(2, ctx=there)),
        'foreign function': lambda: np.tensordot(a, b),
        'where': lambda: np.where(a > 0, b, b),
        'in place': in_place,
        'out': lambda: np.add(a, a, out=b),
        'old interface': lambda: a.as_nd_ndarray() + b.as_nd_ndarray(),
        'net': lambda: net(b),
        'hybrid net': lambda: hybrid(b),
        'cached operator': lambda: hybrid._cached_op(
            b, *[p.data() for p in hybrid.collect_params().values()]),
        'loss': lambda: loss(net(a), np.zeros(2, ctx=there)),
        'backward': lambda: with_autograd(lambda: a * 2).backward(b),
    }
    for name, plant in planted.items():
        try:
            plant()
        except (mx.MXNetError, RuntimeError) as e:
            assert 'on the same context' in str(e) or (
                'not initialized on context' in str(e)), e
        else:
            print('not caught:', name)
    print(len(planted), 'planted')
    """)
    assert done.stdout == '15 planted\n', done.stdout + done.stderr


def test_the_message_says_which_operator_where_and_the_remedy():
    done = run('a + b')
    assert ('Operator _npi_add require all inputs live on the same context. '
            'But the first argument is on cpu(1) while the 2-th argument is '
            'on cpu(0). Remedy: create both on d2lutils.device()'
            ) in done.stderr
    done = run('np.tensordot(a, b)')
    assert 'Operator tensordot require' in done.stderr


def test_strict_mode_lets_right_code_pass():
    done = run("""
    b.as_in_ctx(here); a.copyto(b); b[:] = a; b[0] = a[0]
    a[np.array([0, 1], dtype='int32')]
    pinned = np.ones(3, ctx=mx.cpu_pinned())
    assert float((pinned + np.ones(3)).sum()) == 6
    loader = d2lutils.load_data_fashion_mnist(4096, device=here, seed=0)
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Conv2D(2, 3, activation='relu'), gluon.nn.BatchNorm(),
            gluon.nn.Dense(10))
    net.initialize(ctx=here)
    net.hybridize()
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    for name in ('sgd', 'nag', 'adam', 'adagrad', 'rmsprop', 'adadelta'):
        trainer = gluon.Trainer(net.collect_params(), name,
                                {'learning_rate': 0.001})
        for X, y in loader[1]:
            with autograd.record():
                l = loss(net(X), y)
            l.backward()
            trainer.step(4096)
    print(net(X).ctx, npx.softmax(net(X)).sum().round())
    """)
    assert done.stdout == 'cpu(1) 1808.0\n', done.stderr


def test_without_strict_mode_mxnet_mixes_contexts_in_silence():
    done = run("""
    from d2lutils.device import enable_strict_placement
    print((a + b).shape)
    enable_strict_placement()
    enable_strict_placement()
    try:
        a + b
    except mx.MXNetError:
        print('caught')
    """, strict='')
    assert done.stdout == '(2, 3)\ncaught\n', done.stderr
