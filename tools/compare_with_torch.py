#!/usr/bin/python3
"""Times a training step of graphs/unit.yaml against the same step in PyTorch, in alternating rounds.

usage: tools/compare_with_torch.py [--binary build/unitgraph] [--size 64] [--dim 64] [--batch 1]
                                   [--rounds 3] [--steps 3] [--threads 2]

Needs Debian's python3-torch.  Prints the median step of both, their ratio, and the peak memory of both processes.
The PyTorch side runs in a process of its own (this script with --worker), so that neither disturbs the other's memory.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def networks(torch, dim, n_down=2, n_res=4, shared=1):
    """The networks of graphs/nets/unit.yaml, tied as graphs/unit.yaml ties them."""
    nn = torch.nn

    class Residual(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(c, c, 3, padding=1, padding_mode='reflect'), nn.InstanceNorm2d(c), nn.ReLU(),
                                      nn.Conv2d(c, c, 3, padding=1, padding_mode='reflect'), nn.InstanceNorm2d(c))

        def forward(self, x):
            return x + self.body(x)

    wide = dim * 2 ** n_down
    tied_e, tied_g = [[Residual(wide) for _ in range(shared)] for _ in range(2)]

    def encoder():
        layers = [nn.Conv2d(3, dim, 7, padding=3, padding_mode='reflect'), nn.InstanceNorm2d(dim), nn.LeakyReLU(0.2)]
        for i in range(n_down):
            layers += [nn.Conv2d(dim * 2 ** i, dim * 2 ** (i + 1), 4, 2, 1), nn.InstanceNorm2d(dim * 2 ** (i + 1)), nn.ReLU()]
        return nn.Sequential(*layers, *[Residual(wide) for _ in range(n_res - shared)], *tied_e)

    def generator():
        layers = tied_g + [Residual(wide) for _ in range(n_res - shared)]
        for i in range(n_down):
            c = dim * 2 ** (n_down - i)
            layers += [nn.ConvTranspose2d(c, c // 2, 4, 2, 1), nn.InstanceNorm2d(c // 2), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.Conv2d(dim, 3, 7, padding=3, padding_mode='reflect'), nn.Tanh())

    def discriminator():
        layers = [nn.Conv2d(3, dim, 4, 2, 1), nn.LeakyReLU(0.2)]
        for i in range(3):
            layers += [nn.Conv2d(dim * 2 ** i, dim * 2 ** (i + 1), 4, 2, 1), nn.InstanceNorm2d(dim * 2 ** (i + 1)), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.Conv2d(dim * 8, 1, 3, padding=1))

    return encoder(), encoder(), generator(), generator(), discriminator(), discriminator()


def torch_step(torch, dim, size, batch):
    """A function that makes one training step: the losses and optimizers of graphs/unit.yaml."""
    functional = torch.nn.functional
    e1, e2, g1, g2, d1, d2 = networks(torch, dim)
    of_g = {id(p): p for net in (e1, e2, g1, g2) for p in net.parameters()}.values()
    adam = [torch.optim.Adam(p, 1e-4, (0.5, 0.999)) for p in (of_g, d1.parameters(), d2.parameters())]
    x1, x2 = (torch.rand(batch, 3, size, size) * 2 - 1 for _ in range(2))

    def mse_to(scores, target):
        return functional.mse_loss(scores, torch.full_like(scores, target))

    def step():
        mu1, mu2 = e1(x1), e2(x2)
        z1, z2 = mu1 + torch.randn_like(mu1), mu2 + torch.randn_like(mu2)
        recon1, recon2, fake1, fake2 = g1(z1), g2(z2), g1(z2), g2(z1)
        mu1_, mu2_ = e1(fake1), e2(fake2)
        cycle1, cycle2 = g1(mu2_ + torch.randn_like(mu2_)), g2(mu1_ + torch.randn_like(mu1_))
        loss = (10 * (mse_to(d1(fake1), 1) + mse_to(d2(fake2), 1))
                + 0.1 * ((mu1 ** 2).mean() + (mu2 ** 2).mean() + (mu1_ ** 2).mean() + (mu2_ ** 2).mean())
                + 100 * (functional.l1_loss(recon1, x1) + functional.l1_loss(recon2, x2)
                         + functional.l1_loss(cycle1, x1) + functional.l1_loss(cycle2, x2)))
        adam[0].zero_grad()
        loss.backward()
        adam[0].step()
        for d, x, fake, optimizer in ((d1, x1, fake1, adam[1]), (d2, x2, fake2, adam[2])):
            optimizer.zero_grad()
            (mse_to(d(x), 1) + mse_to(d(fake.detach()), 0)).backward()
            optimizer.step()

    return step


def worker(o):
    """Answers each line on standard input with the seconds of that many steps."""
    import torch
    torch.set_num_threads(o.threads)
    step = torch_step(torch, o.dim, o.size, o.batch)
    step()
    for line in sys.stdin:
        seconds = []
        for _ in range(int(line)):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** 20
        print(json.dumps({'seconds': seconds, 'peak': peak}), flush=True)


def ours(o):
    """Median step in seconds and peak memory in GiB, as `unitgraph bench --json` says."""
    sets = ['size=%d' % o.size, 'dim=%d' % o.dim, 'data.batch=%d' % o.batch]
    command = [o.binary, 'bench', os.path.join(HERE, '..', 'graphs', 'bench.yaml'), '--steps', str(o.steps),
               '--threads', str(o.threads), '--json'] + [w for s in sets for w in ('--set', s)]
    said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return said['step_seconds'], said['peak_bytes'] / 2 ** 30


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--binary', default=os.path.join(HERE, '..', 'build', 'unitgraph'))
    for name, value in (('size', 64), ('dim', 64), ('batch', 1), ('rounds', 3), ('steps', 3), ('threads', 2)):
        p.add_argument('--' + name, type=int, default=value)
    p.add_argument('--worker', action='store_true', help=argparse.SUPPRESS)
    o = p.parse_args()
    if o.worker:
        return worker(o)
    torch_side = subprocess.Popen([sys.executable, __file__, '--worker'] + sys.argv[1:], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
    of_torch, of_ours = [], []
    for _ in range(o.rounds):
        print(o.steps, file=torch_side.stdin, flush=True)
        answer = json.loads(torch_side.stdout.readline())
        of_torch += answer['seconds']
        seconds, peak = ours(o)
        of_ours.append(seconds)
    torch_side.stdin.close()
    a, b = statistics.median(of_torch), statistics.median(of_ours)
    print('%dx%d, dim %d, batch %d, %d threads' % (o.size, o.size, o.dim, o.batch, o.threads))
    print('step    PyTorch %.3f s   unitgraph %.3f s   %.2f of PyTorch\'s' % (a, b, b / a))
    print('memory  PyTorch %.2f GiB unitgraph %.2f GiB %.2f of PyTorch\'s' % (answer['peak'], peak, peak / answer['peak']))


if __name__ == '__main__':
    sys.exit(main())
