#!/usr/bin/python3
"""Writes tests/optimizers.safetensors: parameters before and after a few updates by torch.optim.

usage: tools/make_optimizer_goldens.py      (needs Debian's python3-torch)

`start` and `grads` serve every case; `CASE.after` are the parameters after all updates, and the other names the
moments that are kept then.  The settings of each case stand in tests/test_optimizer.c too.
"""
import os

import torch

import write_safetensors

N, UPDATES = 37, 5
CASES = {
    'adam': (torch.optim.Adam, {'lr': 1e-2, 'betas': (0.5, 0.999)}),
    'adam_decay': (torch.optim.Adam, {'lr': 1e-2, 'weight_decay': 0.1, 'eps': 1e-3}),
    'amsgrad': (torch.optim.Adam, {'lr': 1e-2, 'betas': (0.9, 0.6), 'amsgrad': True}),
    'adamw': (torch.optim.AdamW, {'lr': 1e-2, 'weight_decay': 0.2}),
    'sgd': (torch.optim.SGD, {'lr': 0.1}),
    'sgd_momentum': (torch.optim.SGD, {'lr': 0.1, 'momentum': 0.9, 'dampening': 0.3, 'weight_decay': 0.05}),
    'nesterov': (torch.optim.SGD, {'lr': 0.1, 'momentum': 0.9, 'nesterov': True}),
    'rmsprop': (torch.optim.RMSprop, {'lr': 1e-2, 'alpha': 0.9, 'weight_decay': 0.1}),
    'rmsprop_centered': (torch.optim.RMSprop, {'lr': 1e-2, 'alpha': 0.9, 'centered': True, 'momentum': 0.5}),
    'clipped': (torch.optim.SGD, {'lr': 0.1}),
}
CLIP = {'clipped': 2.5}
MOMENTS = ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq', 'momentum_buffer', 'square_avg', 'grad_avg']


def updated(name, start, grads):
    """Parameters after the updates of a case, and the moments that its optimizer keeps."""
    kind, settings = CASES[name]
    p = start.clone().requires_grad_()
    optimizer = kind([p], **settings)
    for g in grads:
        p.grad = g.clone()
        if name in CLIP:
            torch.nn.utils.clip_grad_norm_([p], CLIP[name])
        optimizer.step()
    kept = {k.rstrip('s') if k == 'max_exp_avg_sqs' else k: v for k, v in optimizer.state[p].items() if v is not None}
    return {'after': p.detach(), **{k: kept[k] for k in MOMENTS if k in kept}}


def main():
    torch.manual_seed(1)
    start, grads = torch.randn(N), torch.randn(UPDATES, N) * torch.tensor([1.0, 0.5, 2.0, 0.1, 1.5])[:, None]
    tensors = {'start': start, 'grads': grads}
    for name in CASES:
        for what, value in updated(name, start, grads).items():
            tensors['%s.%s' % (name, what)] = value
    write_safetensors.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'optimizers.safetensors'), tensors)


if __name__ == '__main__':
    main()
