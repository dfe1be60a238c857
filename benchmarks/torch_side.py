"""What runs with PyTorch, in an environment of its own."""
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional as F

FOLDER = (Path(__file__).parents[1] / 'd2lutils' / 'data' / 'fashion-mnist')
EVERY = 47             # batches between two looks, as in course.py


def _arrays(name='train', part=None):
    """Return images (n, 1, 28, 28) uint8 and labels (n,) int64."""
    images = numpy.fromfile(FOLDER / f'{name}-images-idx3-ubyte', 'uint8')
    labels = numpy.fromfile(FOLDER / f'{name}-labels-idx1-ubyte', 'uint8')
    return (torch.from_numpy(images[16:].reshape(-1, 1, 28, 28)[:part]),
            torch.from_numpy(labels[8:].astype('int64')[:part]))


def _batches(images, labels, batch_size, epoch):
    """Draw the course's own batches by indexing tensors."""
    order = torch.from_numpy(
        numpy.random.default_rng([0, epoch]).permutation(len(labels)))
    for rows in order.split(batch_size):
        yield images[rows].float().div_(255), labels[rows]


def read_loader(batch_size, num_workers, part=None):
    """torch's DataLoader over floats that are ready in memory."""
    images, labels = _arrays(part=part)
    data = torch.utils.data.TensorDataset(images.float() / 255, labels)
    loader = torch.utils.data.DataLoader(data, batch_size, shuffle=True,
                                         num_workers=num_workers)
    return lambda: sum(1 for X, y in loader)


def read_indexed(batch_size, part=None):
    images, labels = _arrays(part=part)
    return lambda: sum(1 for X, y in
                       _batches(images, labels, batch_size, 0))


def _net(model):
    torch.manual_seed(0)
    if model == 'cnn':
        net = nn.Sequential(
            nn.Conv2d(1, 20, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(20, 20, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(980, 10))
        for layer in (net[0], net[3], net[7]):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        return net
    widths = [784, 256, 10] if model == 'mlp' else [784, 10]
    layers = [nn.Flatten()]
    for a, b in zip(widths, widths[1:], strict=False):
        layers += [nn.Linear(a, b), nn.ReLU()]
        nn.init.normal_(layers[-2].weight, 0, 0.01)
        nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


def _step(net, optimizer, X, y, batch_size):
    y_hat = net(X)
    l = F.cross_entropy(y_hat, y, reduction='sum')
    optimizer.zero_grad()
    (l / batch_size).backward()
    optimizer.step()
    return y_hat.detach(), l.detach()


def train(model, lr, batch_size=256, part=None):
    """An epoch, its sums kept in tensors and read once, as in ours."""
    images, labels = _arrays(part=part)
    net = _net(model)
    optimizer = torch.optim.SGD(net.parameters(), lr)
    epochs = iter(range(1000))

    def run():
        total = correct = torch.zeros(())
        for X, y in _batches(images, labels, batch_size, next(epochs)):
            y_hat, l = _step(net, optimizer, X, y, batch_size)
            total = total + l
            correct = correct + (y_hat.argmax(1) == y).sum()
        return float(total) / len(labels)
    return run


@torch.no_grad()
def _accuracy(net, images, labels):
    correct = sum((net(X.float().div_(255)).argmax(1) == y).sum()
                  for X, y in zip(images.split(256), labels.split(256),
                                  strict=True))
    return float(correct) / len(labels)


def reach(model, lr, goal, batch_size=256):
    """Train from a fresh start until the test accuracy reaches a goal."""
    images, labels = _arrays()
    test = _arrays('t10k')

    def run():
        net, steps = _net(model), 0
        optimizer = torch.optim.SGD(net.parameters(), lr)
        for epoch in range(100):
            for X, y in _batches(images, labels, batch_size, epoch):
                _step(net, optimizer, X, y, batch_size)
                steps += 1
                if steps % EVERY == 0 and _accuracy(net, *test) >= goal:
                    return steps
        raise RuntimeError(f'{goal} not reached in 100 epochs')
    return run
