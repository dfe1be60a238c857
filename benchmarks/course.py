"""What runs with the course's packages: ours, Gluon's, d2l's, bare NumPy."""
import numpy
from d2l import mxnet as d2l
from mxnet import autograd, cpu, gluon, init, np, npx
from mxnet.gluon import nn
from mxnet.gluon.data.vision import transforms

import d2lutils
from tools.lessons import Lesson

npx.set_np()
EVERY = 47     # batches between two looks at the test set: a fifth epoch


def _arrays(copies=1, part=None, classes=10):
    """Return training images and labels, repeated or cut."""
    (images, labels), _ = d2lutils.fashion_mnist_arrays()
    images = numpy.concatenate([images] * copies)[:part]
    if classes != 10:
        labels = numpy.random.default_rng(0).integers(classes, size=60000)
    return images, numpy.concatenate([labels] * copies)[:part]


def _train_iter(batch_size, **data):
    return d2lutils.Loader(*_arrays(**data), batch_size, shuffle=True, seed=0)


def _read(train_iter):
    """Return a function that reads an epoch, and counts its batches."""
    def run():
        count = sum(1 for X, y in train_iter)
        npx.waitall()
        return count
    return run


# Reading ------------------------------------------------------------------

def read(batch_size, **data):
    return _read(_train_iter(batch_size, **data))


def read_dataset(batch_size, num_workers, **data):
    """Gluon's DataLoader with ToTensor, as the book's chapter reads."""
    images, labels = _arrays(**data)
    dataset = gluon.data.ArrayDataset(
        np.array(images[..., None], dtype='uint8'), labels.astype('int32'))
    return _read(gluon.data.DataLoader(
        dataset.transform_first(transforms.ToTensor()), batch_size,
        shuffle=True, num_workers=num_workers))


def read_arrays(batch_size, **data):
    """Gluon's DataLoader over floats that are ready in memory."""
    images, labels = _arrays(**data)
    X = images[:, None].astype('float32') / 255
    return _read(gluon.data.DataLoader(
        gluon.data.ArrayDataset(X, labels.astype('int32')), batch_size,
        shuffle=True))


def read_numpy(batch_size, **data):
    """Nothing but what has to be done: gather a batch, and scale it."""
    images, labels = map(numpy.asarray, _arrays(**data))
    rng = numpy.random.default_rng(0)

    def run():
        order = rng.permutation(len(labels))
        batches = range(0, len(labels), batch_size)
        for start in batches:
            rows = order[start:start + batch_size]
            X = numpy.divide(images[rows], numpy.float32(255),
                             dtype='float32')
            y = labels[rows].astype('int32')
        assert X.shape[0] == y.shape[0]
        return len(batches)
    return run


# Training -----------------------------------------------------------------

def _net(model, classes=10):
    if model == 'cnn':
        net, = Lesson('14').load('make_net')
        return net('c')
    if model == 'mlp':
        net, = Lesson('11').load('make_net')
        return net()
    npx.random.seed(0)
    net = nn.Dense(classes)
    net.initialize(init.Normal(0.01))
    net.hybridize()
    return net


def _trainer(net, lr):
    return gluon.Trainer(net.collect_params(), 'sgd', {'learning_rate': lr})


def train(model, lr, batch_size=256, classes=10, **data):
    """An epoch of a Gluon net in the course's loop."""
    train_iter = _train_iter(batch_size, classes=classes, **data)
    net = _net(model, classes)
    loss, trainer = gluon.loss.SoftmaxCrossEntropyLoss(), _trainer(net, lr)
    return lambda: d2lutils.train_epoch_ch3(net, train_iter, loss,
                                            trainer)[0]


def train_scratch(lr, batch_size=256, **data):
    """An epoch of softmax regression with lesson 04's own definitions."""
    train_iter = _train_iter(batch_size, **data)
    net, cross_entropy, sgd, W, b = Lesson('04').load(
        'net', 'cross_entropy', 'sgd', 'W', 'b')
    return lambda: d2lutils.train_epoch_ch3(
        net, train_iter, cross_entropy,
        lambda batch_size: sgd([W, b], lr, batch_size))[0]


def train_d2l(model, lr, batch_size=256, **data):
    """An epoch of the book's train_ch6, its live figure switched off."""
    class Animator:
        def __init__(self, *args, **kwargs):
            pass

        def add(self, x, y):
            if y[0] is not None:
                self.loss = y[0]

    animators = []
    d2l.Animator = lambda *args, **kwargs: (
        animators.append(Animator()) or animators[-1])
    train_iter = _train_iter(batch_size, **data)
    images, labels = _arrays()
    one_batch = d2lutils.Loader(images[:batch_size], labels[:batch_size],
                                batch_size)
    net = _net(model)

    def run():
        d2l.train_ch6(net, train_iter, one_batch, 1, lr, cpu())
        return animators.pop().loss
    return run


def train_numpy(lr, batch_size=256, **data):
    """An epoch of softmax regression with the gradient written by hand."""
    images, labels = map(numpy.asarray, _arrays(**data))
    images = images.reshape(len(images), -1)
    rng = numpy.random.default_rng(0)
    W = rng.normal(0, 0.01, (784, 10)).astype('float32')
    b = numpy.zeros(10, 'float32')

    def run():
        order = rng.permutation(len(labels))
        total = correct = 0
        for start in range(0, len(labels), batch_size):
            rows = order[start:start + batch_size]
            X = numpy.divide(images[rows], numpy.float32(255),
                             dtype='float32')
            y, each = labels[rows], numpy.arange(len(rows))
            scores = X @ W + b
            scores -= scores.max(axis=1, keepdims=True)
            correct += (scores.argmax(axis=1) == y).sum()
            g = numpy.exp(scores)
            sums = g.sum(axis=1, keepdims=True)
            total += (numpy.log(sums[:, 0]) - scores[each, y]).sum()
            g /= sums
            g[each, y] -= 1
            W[:] -= lr / batch_size * (X.T @ g)
            b[:] -= lr / batch_size * g.sum(axis=0)
        return float(total) / len(labels)
    return run


def reach(model, lr, goal, batch_size=256):
    """Train from a fresh start until the test accuracy reaches a goal."""
    _, (images, labels) = d2lutils.fashion_mnist_arrays()
    test_iter = d2lutils.Loader(images, labels, 256)
    loss = gluon.loss.SoftmaxCrossEntropyLoss()

    def run():
        train_iter = _train_iter(batch_size)
        net = _net(model)
        trainer, steps = _trainer(net, lr), 0
        while True:
            for X, y in train_iter:
                with autograd.record():
                    l = loss(net(X), y)
                l.backward()
                trainer.step(batch_size)
                steps += 1
                if (steps % EVERY == 0 and
                        d2lutils.evaluate_accuracy(net, test_iter) >= goal):
                    return steps
    return run
