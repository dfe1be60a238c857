"""The training loop of lesson 04, for the lessons after it."""
from typing import NamedTuple

import numpy
from mxnet import MXNetError, autograd, gluon, np

from .data import text_labels
from .plot import TrainingDisplay, show_images

_KEPT = 2 ** 15        # numbers of a net's outputs that wait to be summed up


class History(NamedTuple):
    """What `train_ch3` saw: three lists of floats, one value per epoch."""

    train_loss: list
    train_acc: list
    valid_acc: list


class _Sums:
    """Sums over an epoch, taken for many batches at once.

    Reading a number makes Python wait for the device, and each operator
    costs Python as much as a small net's own: so outputs are kept on the
    device, summed up now and then, and read once, at the end.
    """

    def __init__(self):
        self.num_examples = 0
        self._kept, self._lengths = [], []
        self._correct, self._losses = [], []

    def add(self, y_hat, y, l=None):
        self._kept.append((y_hat.detach(), y, l if l is None else l.detach()))
        self._lengths.append(len(y))
        self.num_examples += len(y)
        if len(self._kept) >= max(1, min(256, _KEPT // y_hat.size)):
            self._sum_up()

    def _sum_up(self):
        if not self._kept:
            return
        y_hat, y, l = zip(*self._kept, strict=True)
        self._kept = []
        y_hat, y = np.concatenate(y_hat), np.concatenate(y)
        self._correct.append(
            (y_hat.argmax(axis=1).astype(y.dtype) == y).sum())
        if l[0] is not None:
            self._losses.append(np.concatenate(l))

    def accuracy(self):
        self._sum_up()
        return float(np.stack(self._correct).sum()) / self.num_examples

    def loss(self):
        """Return the mean, and the first batch that has an infinite one."""
        self._sum_up()
        values = np.concatenate(self._losses).asnumpy()
        lost = numpy.flatnonzero(~numpy.isfinite(values))
        first = len(lost) and 1 + numpy.searchsorted(
            numpy.cumsum(self._lengths), lost[0], side='right')
        return values.mean(dtype='float64').item(), first


def _check_output(y_hat, y):
    shape = getattr(y_hat, 'shape', type(y_hat).__name__)
    if len(shape) != 2 or shape[0] != len(y):
        raise ValueError(
            f'net gives an output of shape {shape} for {len(y)} examples, '
            f'expected ({len(y)}, classes): does the net flatten its input, '
            'and end in one unit per class?')


def _check_loss(l, y):
    if getattr(l, 'shape', None) != y.shape:
        raise ValueError(
            f'loss gives {getattr(l, "shape", type(l).__name__)}, expected '
            f'one value per example, {y.shape}: the step takes the mean')


def _step_of(updater):
    """Return the function of the batch size that steps the parameters."""
    if isinstance(updater, gluon.Trainer):
        return updater.step
    if callable(updater):
        return updater
    raise TypeError(f'updater is {updater!r}, expected a gluon.Trainer or a '
                    'function of the batch size')


def _check_parameters(updater):
    for parameter in getattr(updater, '_params', ()):
        try:
            parameter.list_data()
        except (RuntimeError, MXNetError):
            raise ValueError(
                f"the Trainer's parameter {parameter.name} was never "
                'initialised, although the net has run: make the Trainer '
                'from net.collect_params() of this net') from None


def train_epoch_ch3(net, train_iter, loss, updater, progress=None):
    """Train for one epoch.

    Args:
        net: a function or Block, from X (batch_size, ...) to scores
            (batch_size, classes).
        train_iter: batches X, y with a `batch_size`, such as a `Loader`.
        loss: a function of scores and labels, one value per example.
        updater: a `gluon.Trainer`, or a function of the batch size that
            steps the parameters against the summed gradients. It takes the
            loader's batch size for every batch, also the last, shorter one:
            see lesson 04.
        progress: a function called with the number of batches done.

    Returns:
        `(loss, accuracy)`, means over the epoch's examples, as floats; each
        batch is measured before its own step.

    Raises:
        ValueError: the net's output or the loss has the wrong shape, there
            is no batch, or a Trainer's parameters were never initialised.
        TypeError: updater is neither a function nor a Trainer.
        FloatingPointError: the loss became nan or infinite; names the batch.

    Source: Dive into Deep Learning, chapter 3.
    """
    step = _step_of(updater)
    if type(loss).__module__ == gluon.loss.__name__ and not loss._active:
        loss.hybridize()        # Gluon's own: five operators become one
    sums = _Sums()
    for i, (X, y) in enumerate(train_iter, start=1):
        with autograd.record():
            y_hat = net(X)
            if i == 1:
                _check_output(y_hat, y)
                _check_parameters(updater)
            l = loss(y_hat, y)
            if i == 1:
                _check_loss(l, y)
        l.backward()
        step(train_iter.batch_size)
        sums.add(y_hat, y, l)
        if progress:
            progress(i)
    if not sums.num_examples:
        raise ValueError('train_iter gave no batch: is it used up?')
    mean, lost = sums.loss()
    if lost:
        raise FloatingPointError(
            f'loss is {mean} from batch {lost} on: the '
            'learning rate is probably too large, or a logarithm was taken '
            'of 0; initialise again, then try a tenth of the learning rate')
    return mean, sums.accuracy()


def evaluate_accuracy(net, data_iter):
    """Compute the fraction of examples that a net classifies rightly.

    Args:
        net: from X (batch_size, ...) to scores (batch_size, classes).
        data_iter: batches X, y.

    Returns:
        A float from 0 to 1, the mean over all examples.

    Raises:
        ValueError: the net's output has the wrong shape, or there is no
            batch.

    Source: Dive into Deep Learning, chapter 3.
    """
    sums = _Sums()
    for X, y in data_iter:
        y_hat = net(X)
        if not sums.num_examples:
            _check_output(y_hat, y)
        sums.add(y_hat, y)
    if not sums.num_examples:
        raise ValueError('data_iter gave no batch: is it used up?')
    return sums.accuracy()


def train_ch3(net, train_iter, valid_iter, loss, num_epochs, updater,
              live=False):
    """Train, print one line per epoch, and draw the curves at the end.

    A loader starts again with its first order, so that the same seed gives
    the same batches whatever ran before.

    Args:
        net, train_iter, loss, updater: as `train_epoch_ch3`.
        valid_iter: batches to measure the validation accuracy on, after
            each epoch.
        num_epochs: a positive integer.
        live: draw the curves anew after each epoch, in a notebook.

    Returns:
        A `History`.

    Raises:
        As `train_epoch_ch3`; a FloatingPointError names the epoch too.

    Source: Dive into Deep Learning, chapter 3, which measures on the test
    set instead.
    """
    if num_epochs < 1 or num_epochs != int(num_epochs):
        raise ValueError(f'num_epochs is {num_epochs!r}, expected a positive '
                         'integer such as 5')
    if hasattr(train_iter, 'restart'):
        train_iter.restart()
    history = History([], [], [])
    with TrainingDisplay(num_epochs, train_iter) as display:
        for epoch in range(1, num_epochs + 1):
            try:
                train_loss, train_acc = train_epoch_ch3(
                    net, train_iter, loss, updater, display.progress(epoch))
            except FloatingPointError as e:
                raise FloatingPointError(f'epoch {epoch}: {e}') from None
            valid_acc = evaluate_accuracy(net, valid_iter)
            for values, value in zip(
                    history, (train_loss, train_acc, valid_acc), strict=True):
                values.append(value)
            display.line(
                f'epoch {epoch}, loss {train_loss:.3f}, train accuracy '
                f'{train_acc:.3f}, validation accuracy {valid_acc:.3f}')
            if live or epoch == num_epochs:
                display.figure(history)
    return history


def predict_ch3(net, test_iter, n=6):
    """Show the first test images of clothes with true and predicted names.

    Args:
        net: from X (batch_size, ...) to scores (batch_size, 10).
        test_iter: batches X, y of Fashion-MNIST.
        n: how many images, a positive integer, at most those of one batch.

    Returns:
        The predicted names, a list of str.

    Raises:
        ValueError: n is not between 1 and the batch's length, or the net's
            output has the wrong shape.

    Source: Dive into Deep Learning, chapter 3.
    """
    X, y = next(iter(test_iter))
    if n not in range(1, len(y) + 1):
        raise ValueError(f'n is {n!r}, expected an integer from 1 to '
                         f'{len(y)}, the length of the first batch')
    y_hat = net(X)
    _check_output(y_hat, y)
    true = text_labels(y[:n])
    predicted = text_labels(y_hat[:n].argmax(axis=1))
    show_images(X[:n].asnumpy(),
                [f'{t}\n{p}' for t, p in zip(true, predicted, strict=True)])
    return predicted
