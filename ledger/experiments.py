"""Experiments: a seed and a lesson's definitions -> numbers, by name."""
import time
from functools import partial
from typing import NamedTuple

import numpy


class Experiment(NamedTuple):
    """How some numbers of ours are measured."""

    lesson: str
    names: tuple        # of the definitions that `run` takes from the lesson
    before: str         # the cell of the lesson to stop before; None for none
    seeds: int          # 1 where nothing is random
    run: object         # a function of the seed and of what has those names


def _history(net, loss, updater, loaders, num_epochs):
    """Train; return losses and accuracies, the first before any training."""
    import d2lutils
    train_iter, test_iter = loaders
    run = {'untrained': [d2lutils.evaluate_accuracy(net, test_iter)],
           'loss': [], 'train': [], 'test': []}
    for _ in range(num_epochs):
        train_loss, train_acc = d2lutils.train_epoch_ch3(
            net, train_iter, loss, updater)
        run['loss'].append(train_loss)
        run['train'].append(train_acc)
        run['test'].append(d2lutils.evaluate_accuracy(net, test_iter))
    return run


# Where nothing is random ----------------------------------------------------

def data_set(seed):
    import d2lutils
    (images, labels), (_, test_labels) = d2lutils.fashion_mnist_arrays()
    counts = [numpy.bincount(part) for part in (labels, test_labels)]
    assert all(count.min() == count.max() for count in counts)
    return {'sizes': [len(labels), len(test_labels)],
            'per class': [int(count[0]) for count in counts],
            'shape': [*images[0].shape, 1], 'first label': [int(labels[0])]}


# What S0 drew at random, as it prints it
DRAWN = [[-1.1795309, 1.7976178, 1.52335, -1.3275213, -0.21527036],
         [0.35299432, 1.0368916, -1.1053166, 0.08840044, -1.0292935]]


def worked_examples(seed, softmax, cross_entropy, accuracy):
    from mxnet import np, npx
    rows = np.array([[1, 2, 3], [3, 4, 5]])
    y_hat = np.array([[0.1, 0.3, 0.6], [0.3, 0.2, 0.5]])
    y = np.array([0, 2], dtype='int32')
    drawn = softmax(np.array(DRAWN))
    p = np.array([0.6, 0.1, 1])
    loss = cross_entropy(np.stack([p, 1 - p], axis=1),
                         np.zeros(3, dtype='int32')).tolist()
    small, large = np.array([0.000001, 0.999999])

    def sums(axis):
        return np.concatenate([
            rows.sum(axis=axis, keepdims=True).reshape(-1),
            rows.sum(axis=axis)])
    return {name: values.reshape(-1).tolist() for name, values in {
        'column sums': sums(0), 'row sums': sums(1),
        'softmax': softmax(rows), 'softmax of drawn': drawn,
        'sums of drawn': drawn.sum(axis=1), 'picked': npx.pick(y_hat, y),
        'exp(50)': np.exp(np.array([50])), 'quotient': large / small,
        'softmax of 3, 1, -3': softmax(np.array([[3, 1, -3]])),
        'accuracy': np.array(accuracy(y_hat, y) / len(y))}.items()} | {
        'loss': loss[:2], 'loss of 1': [abs(loss[2]), abs(loss[2])]}


# From several seeds ---------------------------------------------------------

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
    return {'miss': [float(max(abs(w - true_w).max(),
                               abs(b - true_b).max()))]}


def reading(seed, time_readers):
    return {f'seconds {n}': [time_readers(n, part)['Gluon, 4 workers']
                             * 60000 / part]
            for n, part in ((256, 60000), (1, 1000))}


def scratch(batch_size, lr, num_epochs, seed, restart, net, cross_entropy,
            sgd, W, b):
    import d2lutils
    restart(seed)
    return _history(
        net, cross_entropy, lambda size: sgd([W, b], lr, size),
        d2lutils.load_data_fashion_mnist(batch_size, seed=seed), num_epochs)


def own_size(batch_size, lr, num_epochs, seed, restart, net, quick_epoch):
    """Divide each batch by its own size, the last and short one as well."""
    import d2lutils
    restart(seed)
    train_iter, test_iter = d2lutils.load_data_fashion_mnist(
        batch_size, seed=seed)
    test = []
    for _ in range(num_epochs):
        quick_epoch(train_iter, lr, own_size=True)
        test.append(d2lutils.evaluate_accuracy(net, test_iter))
    return {'test': test}


def gluon_softmax(seed, concise):
    from mxnet import gluon

    import d2lutils
    net, trainer = concise(seed, 0.2)
    return _history(net, gluon.loss.SoftmaxCrossEntropyLoss(), trainer,
                    d2lutils.load_data_fashion_mnist(512, seed=seed), 5)


def mlp(lr, mean_first, seed, init_params, mlp, cross_entropy, sgd):
    import d2lutils
    params = init_params(seed)

    def loss(scores, y):
        l = cross_entropy(scores, y)
        return l / len(y) if mean_first else l
    run = _history(
        partial(mlp, params), loss, partial(sgd, params, lr),
        d2lutils.load_data_fashion_mnist(256, seed=seed), 5)
    return {'test': run['test']}


def updates(batch_size, lr, number, seed, train):
    """Make some updates of softmax regression; the loss is lesson 13's."""
    import d2lutils
    net, loss = train(batch_size, lr, [number], seed)
    _, test_iter = d2lutils.load_data_fashion_mnist(256)
    return {'loss': loss,
            'test': [d2lutils.evaluate_accuracy(net, test_iter)]}


def numpy_softmax(seed, final_errors, train):
    return {'errors': [float(e) for e in final_errors(train, seed)]}


def _as_in_s3(one_hot):
    """Return 50,000 training images, labels, one-hot, and the test set.

    As S3 has them: 784 pixels, in the order of the file, and no bias.
    """
    import d2lutils
    (images, y), (test_images, y_test) = d2lutils.mnist_arrays()
    X, X_test = (numpy.asarray(part).reshape(-1, 784) / 255
                 for part in (images[:50000], test_images))
    y, y_test = numpy.asarray(y[:50000]), numpy.asarray(y_test)
    return X, y, one_hot(y, 10), X_test, y_test


def _start_of_s3(seed):
    edge = (6 / (784 + 10)) ** 0.5
    return numpy.random.default_rng(seed).uniform(-edge, edge, (784, 10))


def stopping_rule(reading, seed, one_hot, cost_and_gradient, error_rate):
    """Train as S3's code does, in one of the readings of its lost indents.

    Its cost is summed over a batch of 200, and batches come in one order.
    Its rule compares a cost with the last one kept, sign and all.

    Args:
        reading: 'batch', where count and rule stand in the loop over the
            batches; 'sweep', where both stand after it; 'mixed', where the
            count stands in it and the rule after it.
    """
    X, y, Y, X_test, y_test = _as_in_s3(one_hot)
    W, count, steps, kept = _start_of_s3(seed), 0, 0, None

    def stops(cost):
        nonlocal kept
        if kept and kept - cost <= 0.0005:
            return True
        kept = cost
        return False

    while count < 50:
        for start in range(0, len(X), 200):
            rows = slice(start, start + 200)
            J, G = cost_and_gradient(W, X[rows], Y[rows])
            W -= 0.06 * G
            steps += 1
            count += reading != 'sweep'
            if reading == 'batch' and stops(200 * J):
                break                       # leaves this sweep alone
        count += reading == 'sweep'
        if reading != 'batch' and stops(200 * J):
            break
    return {'steps': [steps], 'errors': [error_rate(W, X, y),
                                         error_rate(W, X_test, y_test)]}


def without_bias(seed, one_hot, cost_and_gradient, error_rate):
    """Let L-BFGS-B lower S3's summed cost for 50 iterations."""
    from scipy.optimize import minimize
    X, y, Y, X_test, y_test = _as_in_s3(one_hot)

    def evaluate(w):
        J, G = cost_and_gradient(w.reshape(784, 10), X, Y)
        return len(X) * J, len(X) * G.ravel()
    W = minimize(evaluate, _start_of_s3(seed).ravel(), jac=True,
                 method='L-BFGS-B', options={'maxiter': 50}
                 ).x.reshape(784, 10)
    return {'errors': [error_rate(W, X, y), error_rate(W, X_test, y_test)]}


def digits(kind, seed, make_net, losses, train_epoch, accuracy):
    from mxnet import gluon, npx

    import d2lutils
    npx.random.seed(seed)
    net = make_net(kind)
    trainer = gluon.Trainer(net.collect_params(), 'sgd',
                            {'learning_rate': 0.01})
    train_iter, _, test_iter = d2lutils.load_data_mnist(
        100, seed=seed, validation=10_000)
    run = {'batch loss': [], 'test': []}
    for _ in range(5):
        values = train_epoch(net, losses[kind], train_iter, trainer)
        run['batch loss'] += values[:500:200]
        run['test'].append(accuracy(kind, net, test_iter))
    return run


def optimiser(name, seed, runs, make_net, loss, train_epoch):
    from mxnet import gluon, npx

    import d2lutils
    npx.random.seed(seed)
    net = make_net()
    rule, settings = OWN.get(name) or runs[name]
    trainer = gluon.Trainer(net.collect_params(), rule, settings)
    train_iter, test_iter = d2lutils.load_data_mnist(100, seed=seed)
    start = time.process_time()
    values = train_epoch(net, loss, train_iter, trainer)
    seconds = time.process_time() - start   # only its ratios are shown
    return {'loss': numpy.reshape(values, (60, 10)).mean(1).tolist(),
            'test': [d2lutils.evaluate_accuracy(net, test_iter)],
            'time': [seconds]}


# S2's rate, which lesson 15 does not use
OWN = {'Adam 0.01': ('adam', {'learning_rate': 0.01})}
OPTIMISERS = ('SGD 0.001', 'SGD 0.01', 'SGD 0.1', 'SGD 1', 'Momentum',
              'AdaGrad', 'RMSProp', 'Adam')
PARTS_04 = 'restart', 'net', 'cross_entropy', 'sgd', 'W', 'b'
PARTS_07 = 'one_hot', 'cost_and_gradient', 'error_rate'
PARTS_09 = 'init_params', 'mlp', 'cross_entropy', 'sgd'
PARTS_15 = 'runs', 'make_net', 'loss', 'train_epoch'


# The long ones come first, so that all cores are busy to the end
EXPERIMENTS = {name: Experiment(*fields) for name, fields in ({
    f'digits {kind}': ('14', ('make_net', 'losses', 'train_epoch',
                              'accuracy'), None, 5, partial(digits, kind))
    for kind in 'cba'} | {
    f'optimiser {name}': ('15', PARTS_15, None, 5, partial(optimiser, name))
    for name in (*OPTIMISERS, *OWN)} | {
    'scratch 512': ('04', PARTS_04, 'train-s0', 10,
                    partial(scratch, 512, 0.2, 5)),
    'scratch 256': ('04', PARTS_04, 'train-s0', 5,
                    partial(scratch, 256, 0.1, 10)),
    'own size 512': ('04', ('restart', 'net', 'quick_epoch'), None, 10,
                     partial(own_size, 512, 0.2, 5)),
    'own size 256': ('04', ('restart', 'net', 'quick_epoch'), None, 5,
                     partial(own_size, 256, 0.1, 10)),
    'gluon 512': ('05', ('concise',), None, 10, gluon_softmax),
    'mlp 0.5': ('09', PARTS_09, 'train-mlp', 5, partial(mlp, 0.5, False)),
    'mlp 100': ('09', PARTS_09, 'train-mlp', 5, partial(mlp, 100, True)),
    'numpy SGD': ('07', ('final_errors', 'train_sgd'), None, 5,
                  numpy_softmax),
    'numpy L-BFGS-B': ('07', ('final_errors', 'train_lbfgs'), None, 5,
                       numpy_softmax)} | {
    f'rule by {reading}': ('07', PARTS_07, None, 5,
                           partial(stopping_rule, reading))
    for reading in ('batch', 'sweep', 'mixed')} | {
    'L-BFGS-B without bias': ('07', PARTS_07, None, 5, without_bias),
    'batch 1': ('13', ('train',), None, 5,
                partial(updates, 1, 0.00625, 6000)),
    'batch 1 fast': ('13', ('train',), None, 5,
                      partial(updates, 1, 0.1, 6000)),
    'batch 256': ('13', ('train',), None, 5, partial(updates, 256, 0.1, 235)),
    'recovered': ('01', ('data_iter', 'linreg', 'squared_loss', 'sgd',
                         'features', 'labels', 'true_w', 'true_b'), None, 5,
                  recovered),
    'reading': ('03', ('time_readers',), None, 5, reading),
    'worked examples': ('04', ('softmax', 'cross_entropy', 'accuracy'),
                        'train-s0', 1, worked_examples),
    'data set': ('03', (), None, 1, data_set),
}).items()}
