#!/usr/bin/python3
"""Writes tests/steps*.safetensors: the experiment of tests/steps.yaml, trained by PyTorch for a few steps in several ways.

usage: tools/make_step_goldens.py      (needs Debian's python3-torch)

steps holds the data, steps_start the parameters to start from, and steps_after what they are after all steps, under
`WAY/NAME` for each way of updating: simultaneous, [D, G], [G, D], and simultaneous with `every: 2` for G.
"""
import os

import torch
from torch import nn
from torch.nn import functional as F

import write_safetensors

STEPS, BATCH = 4, 2


class Generator(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 3, 3, padding=1), nn.Tanh())


class Critic(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 4, stride=2, padding=1), nn.LeakyReLU(0.2), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 3))


def mse(a, target):
    return F.mse_loss(a, torch.full_like(a, target))


def losses(x, fake, d, g_net):
    """What each optimizer minimises, in the order of the file; the calls of D update its statistics in that order."""
    return {'D': lambda: mse(d(x), 1.0) + mse(d(fake().detach()), 0.0),
            'G': lambda: mse(d(fake()), 1.0) + 0.5 * F.l1_loss(fake(), x)}


def train(start, data, order, every):
    nets = {'G': Generator().double(), 'D': Critic().double()}
    for k, net in nets.items():
        net.load_state_dict(start[k])
    opt = {'D': torch.optim.Adam(nets['D'].parameters(), lr=0.01, betas=(0.5, 0.9), eps=0.01),
           'G': torch.optim.SGD(nets['G'].parameters(), lr=0.1, momentum=0.9)}
    for step in range(STEPS):
        x, n = (data[k][step * BATCH:(step + 1) * BATCH] for k in ('x', 'n'))
        opt['G'].param_groups[0]['lr'] = 0.1 / (1 + step)
        active = [k for k in (order or ['D', 'G']) if (step + 1) % every.get(k, 1) == 0]
        made = {}

        def fake():
            if 'fake' not in made:
                made['fake'] = nets['G'](n)
            return made['fake']

        todo = losses(x, fake, nets['D'], nets['G'])
        if order:
            phases = [[k] for k in active]
        else:
            phases = [active]
        for phase in phases:
            grads = {}
            for k in phase:
                grads[k] = torch.autograd.grad(todo[k](), list(nets[k].parameters()), retain_graph=True)
            for k in phase:
                for p, g in zip(nets[k].parameters(), grads[k]):
                    p.grad = g.clone()
                if k == 'D':
                    torch.nn.utils.clip_grad_norm_(list(nets[k].parameters()), 0.5)
                opt[k].step()
                if k == 'G':
                    made.clear()          # what depends on G is computed anew
    return nets


def named(nets):
    return {'%s.%s' % (k, name): t for k in ('G', 'D') for name, t in nets[k].state_dict().items() if 'num_batches' not in name}


def main():
    torch.manual_seed(3)
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests')
    nets = {'G': Generator(), 'D': Critic()}
    start = {k: {name: t.double() if t.is_floating_point() else t for name, t in net.state_dict().items()} for k, net in nets.items()}
    data = {k: torch.randn(STEPS * BATCH, 3, 8, 8).float().double() for k in ('x', 'n')}
    write_safetensors.write(os.path.join(folder, 'steps.safetensors'), data)
    write_safetensors.write(os.path.join(folder, 'steps_start.safetensors'), named(nets))
    ways = {'simultaneous': (None, {}), 'D_G': (['D', 'G'], {}), 'G_D': (['G', 'D'], {}), 'every': (None, {'G': 2})}
    after = {}
    for way, (order, every) in ways.items():
        for name, t in named(train(start, data, order, every)).items():
            after['%s/%s' % (way, name)] = t
    write_safetensors.write(os.path.join(folder, 'steps_after.safetensors'), after)


if __name__ == '__main__':
    main()
