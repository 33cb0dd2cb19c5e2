#!/usr/bin/python3
"""Writes tests/convert/*.safetensors: parameters and outputs of UNIT's networks as other programs have them.

usage: tools/make_convert_goldens.py      (needs Debian's python3-torch)

The modules below have the names and the arithmetic of the 2018 release and of PyTorch-GAN's UNIT, with few channels.
MAP.safetensors holds a state_dict of each with random weights; MAP_picture the picture that went in, and MAP_made what
came out: fake_x2 = G2(E1(x1)), the scores of D1 on the picture.
"""
import os

import torch
from torch import nn

import write_safetensors

SIZE, DIM, N_DOWN, N_RES = 16, 2, 2, 2


# ---- The 2018 release ----

class LayerNorm(nn.Module):
    """Over C, H, W of a sample.  The release takes the unbiased deviation and adds eps to that, which at its sizes, millions of
    values, is the same; with a hundred values it is not, so this is PyTorch's own layer norm."""
    def __init__(self, n):
        super().__init__()
        self.gamma = nn.Parameter(torch.rand(n))
        self.beta = nn.Parameter(torch.randn(n) * 0.1)

    def forward(self, x):
        return nn.functional.layer_norm(x, x.shape[1:]) * self.gamma.view(1, -1, 1, 1) + self.beta.view(1, -1, 1, 1)


class Block(nn.Module):
    def __init__(self, n_in, n_out, kernel, stride, padding, norm, activation):
        super().__init__()
        self.pad = nn.ReflectionPad2d(padding)
        self.norm = {'in': nn.InstanceNorm2d, 'ln': LayerNorm, 'none': lambda n: None}[norm](n_out)
        self.activation = {'relu': nn.ReLU(), 'lrelu': nn.LeakyReLU(0.2), 'tanh': nn.Tanh(), 'none': None}[activation]
        self.conv = nn.Conv2d(n_in, n_out, kernel, stride)

    def forward(self, x):
        x = self.conv(self.pad(x))
        x = self.norm(x) if self.norm else x
        return self.activation(x) if self.activation else x


class Residual(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.model = nn.Sequential(Block(n, n, 3, 1, 1, 'in', 'relu'), Block(n, n, 3, 1, 1, 'in', 'none'))

    def forward(self, x):
        return x + self.model(x)


class Residuals(nn.Module):
    def __init__(self, count, n):
        super().__init__()
        self.model = nn.Sequential(*[Residual(n) for _ in range(count)])

    def forward(self, x):
        return self.model(x)


class Part(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


class Gen(nn.Module):
    def __init__(self):
        super().__init__()
        down = [Block(DIM << i, DIM << i + 1, 4, 2, 1, 'in', 'relu') for i in range(N_DOWN)]
        up = []
        for i in range(N_DOWN, 0, -1):
            up += [nn.Upsample(scale_factor=2), Block(DIM << i, DIM << i - 1, 5, 1, 2, 'ln', 'relu')]
        self.enc = Part(Block(3, DIM, 7, 1, 3, 'in', 'relu'), *down, Residuals(N_RES, DIM << N_DOWN))
        self.dec = Part(Residuals(N_RES, DIM << N_DOWN), *up, Block(DIM, 3, 7, 1, 3, 'none', 'tanh'))


class Dis(nn.Module):
    """Two scales of two strided layers each."""
    def __init__(self):
        super().__init__()
        self.downsample = nn.AvgPool2d(3, stride=2, padding=[1, 1], count_include_pad=False)
        self.cnns = nn.ModuleList([nn.Sequential(Block(3, DIM, 4, 2, 1, 'none', 'lrelu'),
                                                 Block(DIM, 2 * DIM, 4, 2, 1, 'none', 'lrelu'),
                                                 nn.Conv2d(2 * DIM, 1, 1)) for _ in range(2)])

    def forward(self, x):
        return [self.cnns[0](x), self.cnns[1](self.downsample(x))]


def release_2018(x):
    nets = {'gen_a': Gen(), 'gen_b': Gen(), 'dis_a': Dis(), 'dis_b': Dis()}
    fake = nets['gen_b'].dec(nets['gen_a'].enc(x))
    scores = nets['dis_a'](x)
    return nets, {'fake_x2': fake, 'score_0': scores[0], 'score_1': scores[1]}


# ---- PyTorch-GAN ----

class ConvBlock(nn.Module):
    def __init__(self, n):
        super().__init__()
        half = [nn.ReflectionPad2d(1), nn.Conv2d(n, n, 3), nn.InstanceNorm2d(n)]
        other = [nn.ReflectionPad2d(1), nn.Conv2d(n, n, 3), nn.InstanceNorm2d(n)]
        self.conv_block = nn.Sequential(*half, nn.ReLU(), *other)

    def forward(self, x):
        return x + self.conv_block(x)


class Encoder(nn.Module):
    def __init__(self, shared):
        super().__init__()
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, DIM, 7), nn.InstanceNorm2d(DIM), nn.LeakyReLU(0.2)]
        for i in range(N_DOWN):
            layers += [nn.Conv2d(DIM << i, DIM << i + 1, 4, 2, 1), nn.InstanceNorm2d(DIM << i + 1), nn.ReLU()]
        self.model_blocks = nn.Sequential(*layers, *[ConvBlock(DIM << N_DOWN) for _ in range(N_RES - 1)])
        self.shared_block = shared

    def forward(self, x):
        return self.shared_block(self.model_blocks(x))


class Generator(nn.Module):
    def __init__(self, shared):
        super().__init__()
        self.shared_block = shared
        layers = [ConvBlock(DIM << N_DOWN) for _ in range(N_RES - 1)]
        for i in range(N_DOWN, 0, -1):
            layers += [nn.ConvTranspose2d(DIM << i, DIM << i - 1, 4, 2, 1), nn.InstanceNorm2d(DIM), nn.LeakyReLU(0.2)]
        self.model_blocks = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(DIM, 3, 7), nn.Tanh())

    def forward(self, x):
        return self.model_blocks(self.shared_block(x))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, DIM, 4, 2, 1), nn.LeakyReLU(0.2)]
        for i in range(2):
            layers += [nn.Conv2d(DIM << i, DIM << i + 1, 4, 2, 1), nn.InstanceNorm2d(DIM << i + 1), nn.LeakyReLU(0.2)]
        self.model = nn.Sequential(*layers, nn.Conv2d(DIM << 2, 1, 3, padding=1))

    def forward(self, x):
        return self.model(x)


def pytorch_gan(x):
    shared_e, shared_g = ConvBlock(DIM << N_DOWN), ConvBlock(DIM << N_DOWN)
    nets = {'E1': Encoder(shared_e), 'E2': Encoder(shared_e), 'G1': Generator(shared_g), 'G2': Generator(shared_g),
            'D1': Discriminator(), 'D2': Discriminator()}
    return nets, {'fake_x2': nets['G2'](nets['E1'](x)), 'score_0': nets['D1'](x)}


def main():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tests', 'convert')
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(5)
    for name, make in (('unit_2018', release_2018), ('pytorch_gan', pytorch_gan)):
        x = torch.rand(1, 3, SIZE, SIZE) * 2 - 1
        nets, made = make(x)
        write_safetensors.write('%s/%s.safetensors' % (folder, name), {'%s.%s' % (net, k): t for net in nets for k, t in nets[net].state_dict().items()})
        write_safetensors.write('%s/%s_picture.safetensors' % (folder, name), {'x1': x})
        write_safetensors.write('%s/%s_made.safetensors' % (folder, name), made)


if __name__ == '__main__':
    main()
