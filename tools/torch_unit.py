"""UNIT in PyTorch: the networks and training steps of graphs/unit.yaml and graphs/unit_2018.yaml, to compare with."""


class Networks:
    """E1, E2, G1, G2, D1, D2 of graphs/nets/unit.yaml, tied as graphs/unit.yaml ties them."""

    def __init__(self, torch, dim, n_down=2, n_res=4, shared=1):
        self.torch, self.dim, self.n_down, self.n_res = torch, dim, n_down, n_res
        self.wide, self.shared = dim * 2 ** n_down, shared
        self.tied_e, self.tied_g = [[self.residual(self.wide) for _ in range(shared)] for _ in range(2)]
        self.e1, self.e2, self.g1, self.g2, self.d1, self.d2 = [
            make() for make in [self.encoder] * 2 + [self.generator] * 2 + [self.discriminator] * 2]

    def residual(self, c):
        nn = self.torch.nn

        class Residual(nn.Module):
            def __init__(self):
                super().__init__()
                self.body = nn.Sequential(
                    nn.Conv2d(c, c, 3, padding=1, padding_mode='reflect'), nn.InstanceNorm2d(c), nn.ReLU(),
                    nn.Conv2d(c, c, 3, padding=1, padding_mode='reflect'), nn.InstanceNorm2d(c))

            def forward(self, x):
                return x + self.body(x)

        return Residual()

    def own(self):
        return [self.residual(self.wide) for _ in range(self.n_res - self.shared)]

    def encoder(self):
        nn, c = self.torch.nn, self.dim
        layers = [nn.Conv2d(3, c, 7, padding=3, padding_mode='reflect'), nn.InstanceNorm2d(c), nn.LeakyReLU(0.2)]
        for i in range(self.n_down):
            layers += [nn.Conv2d(c * 2 ** i, c * 2 ** (i + 1), 4, 2, 1), nn.InstanceNorm2d(c * 2 ** (i + 1)), nn.ReLU()]
        return nn.Sequential(*layers, *self.own(), *self.tied_e)

    def generator(self):
        nn, layers = self.torch.nn, self.tied_g + self.own()
        for i in range(self.n_down):
            c = self.dim * 2 ** (self.n_down - i)
            layers += [nn.ConvTranspose2d(c, c // 2, 4, 2, 1), nn.InstanceNorm2d(c // 2), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.Conv2d(self.dim, 3, 7, padding=3, padding_mode='reflect'), nn.Tanh())

    def discriminator(self):
        nn, c = self.torch.nn, self.dim
        layers = [nn.Conv2d(3, c, 4, 2, 1), nn.LeakyReLU(0.2)]
        for i in range(3):
            layers += [nn.Conv2d(c * 2 ** i, c * 2 ** (i + 1), 4, 2, 1), nn.InstanceNorm2d(c * 2 ** (i + 1)), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.Conv2d(c * 8, 1, 3, padding=1))

    def parameters_of(self, *nets):
        """Each tensor once, in the order in which `unitgraph check --params` lists them."""
        return list({id(p): p for net in nets for p in net.parameters()}.values())

    def all_parameters(self):
        return self.parameters_of(self.e1, self.e2, self.g1, self.g2, self.d1, self.d2)


class Networks2018(Networks):
    """Those of graphs/nets/unit_2018.yaml: nothing tied, 5x5 convolutions behind upsampling, three scales."""

    def __init__(self, torch, dim, n_scales=3):
        self.n_scales = n_scales
        super().__init__(torch, dim, shared=0)

    def encoder(self):
        nn, c = self.torch.nn, self.dim
        layers = [nn.Conv2d(3, c, 7, padding=3, padding_mode='reflect'), nn.InstanceNorm2d(c), nn.ReLU()]
        for i in range(self.n_down):
            layers += [nn.Conv2d(c * 2 ** i, c * 2 ** (i + 1), 4, 2, 1, padding_mode='reflect'),
                       nn.InstanceNorm2d(c * 2 ** (i + 1)), nn.ReLU()]
        return nn.Sequential(*layers, *self.own())

    def generator(self):
        nn, layers = self.torch.nn, self.own()
        for i in range(self.n_down):
            c = self.dim * 2 ** (self.n_down - i)
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(c, c // 2, 5, padding=2, padding_mode='reflect'),
                       nn.GroupNorm(1, c // 2), nn.ReLU()]
        return nn.Sequential(*layers, nn.Conv2d(self.dim, 3, 7, padding=3, padding_mode='reflect'), nn.Tanh())

    def discriminator(self):
        nn, c, torch = self.torch.nn, self.dim, self.torch

        def patch_net():
            layers = []
            for i in range(4):
                layers += [nn.Conv2d(3 if i == 0 else c * 2 ** (i - 1), c * 2 ** i, 4, 2, 1, padding_mode='reflect'),
                           nn.LeakyReLU(0.2)]
            return nn.Sequential(*layers, nn.Conv2d(c * 8, 1, 1))

        class Scales(nn.Module):
            def __init__(self, n):
                super().__init__()
                self.nets = nn.ModuleList(patch_net() for _ in range(n))

            def forward(self, x):
                scores = []
                for net in self.nets:
                    scores.append(net(x))
                    x = torch.nn.functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
                return scores

        return Scales(self.n_scales)


class Training:
    """Steps of graphs/unit.yaml (simultaneous updates) or graphs/unit_2018.yaml (D, then G)."""

    def __init__(self, torch, nets, lambdas, d_first=False, weight_decay=0.0, lr=1e-4):
        self.torch, self.nets, self.lambdas, self.d_first = torch, nets, lambdas, d_first
        of_g = nets.parameters_of(nets.e1, nets.e2, nets.g1, nets.g2)
        groups = [of_g] + ([nets.parameters_of(nets.d1, nets.d2)] if d_first
                           else [nets.parameters_of(nets.d1), nets.parameters_of(nets.d2)])
        self.adam_g, *self.adam_d = [torch.optim.Adam(p, lr, (0.5, 0.999), weight_decay=weight_decay) for p in groups]

    def mse_to(self, scores, target):
        f = self.torch.nn.functional
        if isinstance(scores, list):
            return sum(f.mse_loss(s, self.torch.full_like(s, target)) for s in scores)
        return f.mse_loss(scores, self.torch.full_like(scores, target))

    def forward(self, x1, x2):
        n, like = self.nets, self.torch.randn_like
        mu1, mu2 = n.e1(x1), n.e2(x2)
        z1, z2 = mu1 + like(mu1), mu2 + like(mu2)
        v = {'recon1': n.g1(z1), 'recon2': n.g2(z2), 'fake1': n.g1(z2), 'fake2': n.g2(z1)}
        mu1_, mu2_ = n.e1(v['fake1']), n.e2(v['fake2'])
        v.update(mu=(mu1, mu2, mu1_, mu2_), cycle1=n.g1(mu2_ + like(mu2_)), cycle2=n.g2(mu1_ + like(mu1_)))
        return v

    def update_g(self, v, x1, x2):
        """Returns the terms by the names that metrics.jsonl gives them."""
        n, w, l1 = self.nets, self.lambdas, self.torch.nn.functional.l1_loss
        names = ('kl_1', 'kl_2', 'kl_cycle_1', 'kl_cycle_2')
        terms = {'G/' + name: w[name[:-2]] * (mu ** 2).mean() for name, mu in zip(names, v['mu'])}
        terms.update({'G/gan_1': w['gan'] * self.mse_to(n.d1(v['fake1']), 1), 'G/gan_2': w['gan'] * self.mse_to(n.d2(v['fake2']), 1),
                      'G/rec_1': w['rec'] * l1(v['recon1'], x1), 'G/rec_2': w['rec'] * l1(v['recon2'], x2),
                      'G/cycle_1': w['cycle'] * l1(v['cycle1'], x1), 'G/cycle_2': w['cycle'] * l1(v['cycle2'], x2)})
        self.adam_g.zero_grad()
        sum(terms.values()).backward()
        self.adam_g.step()
        return terms

    def update_d(self, v, x1, x2):
        n = self.nets
        losses = {'D1': self.mse_to(n.d1(x1), 1) + self.mse_to(n.d1(v['fake1'].detach()), 0),
                  'D2': self.mse_to(n.d2(x2), 1) + self.mse_to(n.d2(v['fake2'].detach()), 0)}
        for adam in self.adam_d:
            adam.zero_grad()
        sum(losses.values()).backward()
        for adam in self.adam_d:
            adam.step()
        return losses

    def step(self, x1, x2):
        v = self.forward(x1, x2)
        updates = [self.update_d, self.update_g] if self.d_first else [self.update_g, self.update_d]
        said = {}
        for update in updates:
            said.update(update(v, x1, x2))
        return {name: float(value) for name, value in said.items()}


LAMBDAS = {'gan': 10, 'kl': 0.1, 'rec': 100, 'kl_cycle': 0.1, 'cycle': 100}


def training(torch, dim):
    return Training(torch, Networks(torch, dim), LAMBDAS)


def training_2018(torch, dim):
    lambdas = {'gan': 1, 'kl': 0.01, 'rec': 10, 'kl_cycle': 0.01, 'cycle': 10}
    return Training(torch, Networks2018(torch, dim), lambdas, d_first=True, weight_decay=1e-4)
