"""Train on Fashion-MNIST together with others: what each worker runs.

    python -m d2lutils.launch -n 2 dist_worker.py --num_epochs 3

Lesson 17 explains it, function by function.
"""
import argparse
import hashlib
import os
import time
from pathlib import Path

import numpy
from mxnet import autograd, gluon, init, kv, np, npx
from mxnet.gluon import nn

import d2lutils

npx.set_np()


def shares(num_examples, batch_size, epoch, rank, num_workers):
    """Yield the rows of a worker's share of each global batch."""
    # All workers shuffle alike, for the epoch is their common seed
    order = numpy.random.default_rng(epoch).permutation(num_examples)
    for start in range(0, num_examples, batch_size):
        yield order[start:start + batch_size][rank::num_workers]


def make_net(name):
    """Return softmax regression, or the CNN of lesson 14."""
    net, start = nn.Sequential(), init.Normal(0.01)
    if name == 'cnn':
        start = init.MSRAPrelu(slope=0)
        for _ in range(2):
            net.add(nn.Conv2D(20, kernel_size=5, padding=2,
                              activation='relu'), nn.MaxPool2D(2))
    net.add(nn.Dense(10))
    net.initialize(start)
    net(np.zeros((1, 1, 28, 28)))    # now the weights have their shapes
    return net


def make_trainer(net, lr, store):
    """Return a trainer that adds up the gradients of all workers."""
    # Without waiting for each other, the servers must update the weights
    on_servers = store.type == 'dist_async'
    trainer = gluon.Trainer(net.collect_params(), 'sgd',
                            {'learning_rate': lr}, kvstore=store,
                            update_on_kvstore=on_servers)
    if not on_servers:
        # All begin with worker 0's weights; and who pulls these must not
        # find another's first gradients in their place
        trainer._init_kvstore()
        trainer._init_params()
        npx.waitall()
        store._barrier()
    return trainer


def save(net, folder, epoch):
    """Write a checkpoint as a whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / 'part'
    net.save_parameters(str(part))
    os.replace(part, folder / f'epoch-{epoch:03d}.params')


def load_last(net, folder):
    """Load the last checkpoint; return how many epochs it has seen."""
    numbers = [int(path.stem.removeprefix('epoch-'))
               for path in folder.glob('epoch-*.params')]
    if not numbers:
        return 0
    net.load_parameters(str(folder / f'epoch-{max(numbers):03d}.params'))
    return max(numbers)


def train_epoch(net, images, labels, batch_size, trainer, epoch, store):
    """Train on a worker's share of an epoch; return its mean loss."""
    loss = gluon.loss.SoftmaxCrossEntropyLoss()
    total = count = 0
    for rows in shares(len(images), batch_size, epoch, store.rank,
                       store.num_workers):
        X = np.array(images[rows, None], dtype='float32') / 255
        y = np.array(labels[rows], dtype='int32')
        with autograd.record():
            l = loss(net(X), y)
        l.backward()
        # The sum of all workers' gradients, over the global batch
        trainer.step(batch_size)
        total, count = total + l.sum(), count + len(rows)
    return float(total) / count


def worker_0s(number, store):
    """Return worker 0's number: others may see another folder, or none."""
    number = np.array([number])
    store.init(10**6, number)        # a key that no parameter has
    store.pull(10**6, out=number)
    return int(number)


def digest(net):
    """Return twelve digits that tell weights apart, to the last bit."""
    weights = b''.join(p.data().asnumpy().tobytes()
                       for p in net.collect_params().values())
    return hashlib.sha256(weights).hexdigest()[:12]


def main():
    args = parse()
    store = kv.create(args.kvstore)
    (images, labels), _ = d2lutils.fashion_mnist_arrays()
    images = images[:args.num_examples]
    if 0 < len(images) % args.batch_size < store.num_workers:
        raise ValueError(f'--num_examples {len(images)}: the last batch has '
                         'less than one for each worker; take other numbers')
    # make_trainer shares worker 0's weights, but not with dist_async
    npx.random.seed(0 if store.type == 'dist_async' else store.rank)
    net = make_net(args.net)
    done = worker_0s(load_last(net, args.folder), store)
    trainer = make_trainer(net, args.lr, store)
    for epoch in range(done + 1, args.num_epochs + 1):
        if (epoch, store.rank) == (args.fail_in_epoch, 1):
            raise RuntimeError('this worker was told to fail')
        start = time.perf_counter()
        loss = train_epoch(net, images, labels, args.batch_size, trainer,
                           epoch, store)
        print(f'epoch {epoch}: loss of its share {loss:.2f}, '
              f'{time.perf_counter() - start:.2f} s')
        if store.rank == 0:
            save(net, args.folder, epoch)
        # Nobody goes on, or fails, before it is written
        store._barrier()
    print(f'rank {store.rank} of {store.num_workers} ends with weights '
          f'{digest(net)}')


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument('--folder', type=Path, required=True,
                        help='where the checkpoints are')
    parser.add_argument('--net', default='softmax',
                        choices=('softmax', 'cnn'))
    parser.add_argument('--kvstore', default='dist_sync')
    parser.add_argument('--num_epochs', type=int, default=3)
    parser.add_argument('--num_examples', type=int, default=60000)
    parser.add_argument('--batch_size', type=int, default=256,
                        help='of all workers together')
    parser.add_argument('--lr', type=float, default=0.1)
    parser.add_argument('--fail_in_epoch', type=int)
    return parser.parse_args()


if __name__ == '__main__':
    main()
