"""A MusicVAE of melodies in PyTorch, the peer of training.py and sampling.py.

Runs in an environment with PyTorch and NumPy alone, started by the benchmarks: reads commands from
its input, a line of JSON each, and answers each by a line. `nn.LSTM` where all tokens are known,
`nn.LSTMCell`s in a loop where each token is made before the next is read.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional


class Twin(nn.Module):
    """The same sizes, weights and loss; one-hot tokens `(batch, time)`, z in every step.

    Args:
        classes, latent_dim, encoder_units: int.
        decoder_units: list of int, all equal.
    """

    def __init__(self, classes, latent_dim, encoder_units, decoder_units):
        super().__init__()
        self.classes, self.layers, self.units = classes, len(decoder_units), decoder_units[0]
        self.encoder = nn.LSTM(classes, encoder_units, batch_first=True, bidirectional=True)
        self.mean = nn.Linear(2 * encoder_units, latent_dim)
        self.scale = nn.Linear(2 * encoder_units, latent_dim)
        self.initial = nn.Linear(latent_dim, 2 * self.layers * self.units)
        self.decoder = nn.LSTM(
            classes + latent_dim, self.units, num_layers=self.layers, batch_first=True
        )
        self.head = nn.Linear(self.units, classes)
        # A cell has one bias here, as in TensorFlow.
        for name, parameter in self.named_parameters():
            if "bias_hh" in name:
                parameter.requires_grad = False
                parameter.data.zero_()

    def load(self, arrays):
        """Sets weights from arrays in the order of `weights` in peers.py."""
        values = iter(arrays)

        def lstm(module, suffix):
            for kind in ("weight_ih", "weight_hh"):
                getattr(module, f"{kind}_{suffix}").data = torch.tensor(next(values).T.copy())
            getattr(module, f"bias_ih_{suffix}").data = torch.tensor(next(values))

        def dense(module):
            module.weight.data = torch.tensor(next(values).T.copy())
            module.bias.data = torch.tensor(next(values))

        lstm(self.encoder, "l0")
        lstm(self.encoder, "l0_reverse")
        for module in (self.mean, self.scale, self.initial):
            dense(module)
        for layer in range(self.layers):
            lstm(self.decoder, f"l{layer}")
        dense(self.head)

    def start(self, z):
        """First `(h, c)` of each layer, `(layer, batch, units)`."""
        flat = torch.tanh(self.initial(z)).reshape(len(z), self.layers, 2, self.units)
        c, h = flat.permute(2, 1, 0, 3).contiguous()
        return h, c

    def vectors(self, tokens):
        return functional.one_hot(tokens, self.classes).float()

    def loss(self, tokens, noise, coins=None, uniforms=None):
        """Cross entropy summed over time plus 0.2 KL, mean over the batch."""
        x = self.vectors(tokens)
        _, (last, _) = self.encoder(x)
        h = torch.cat([last[0], last[1]], -1)
        mean, stddev = self.mean(h), functional.softplus(self.scale(h))
        z = mean + stddev * noise
        kl = 0.5 * (mean**2 + stddev**2 - 2 * torch.log(stddev) - 1).sum(-1)
        if coins is None:
            previous = functional.pad(x[:, :-1], (0, 0, 1, 0))
            codes = z[:, None].expand(-1, x.shape[1], -1)
            outputs, _ = self.decoder(torch.cat([previous, codes], -1), self.start(z))
            logits = self.head(outputs)
        else:
            logits = self.step_by_step(z, x.shape[1], 1.0, uniforms, x, coins)[1]
        entropy = functional.cross_entropy(logits.flatten(0, 1), tokens.flatten(), reduction="sum")
        return entropy / len(x) + 0.2 * kl.mean()

    def cells(self):
        """An `LSTMCell` with the weights of each layer of the decoder."""
        cells = []
        for layer in range(self.layers):
            weight = getattr(self.decoder, f"weight_ih_l{layer}")
            # Without weights of its own, which would take longer to draw than a few steps take.
            cell = nn.LSTMCell(weight.shape[1], self.units, device="meta")
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                setattr(cell, kind, getattr(self.decoder, f"{kind}_l{layer}"))
            cells.append(cell)
        return cells

    def step_by_step(self, z, steps, temperature, uniforms, x=None, coins=None):
        """Tokens and logits; reads the true token of `x` where `coins` are False."""
        cells = self.cells()
        hs, cs = (list(each) for each in self.start(z))
        read = torch.zeros(len(z), self.classes)
        tokens, logits = [], []
        for step in range(steps):
            if x is not None and step:
                read = torch.where(coins[:, step, None], read, x[:, step - 1])
            inputs = torch.cat([read, z], -1)
            for i, cell in enumerate(cells):
                hs[i], cs[i] = cell(inputs, (hs[i], cs[i]))
                inputs = hs[i]
            logits.append(self.head(inputs))
            with torch.no_grad():
                below = torch.softmax(logits[-1] / temperature, -1).cumsum(-1)
                drawn = (below <= uniforms[:, step, None] * below[:, -1:]).sum(-1)
                tokens.append(drawn.clamp(max=self.classes - 1))
                read = self.vectors(tokens[-1])
        return torch.stack(tokens, 1), torch.stack(logits, 1)


def main():
    """Answers commands until the input ends."""
    twin = optimizer = data = None

    def update(sampling):
        optimizer.zero_grad()
        coins = uniforms = None
        if sampling:
            coins = torch.rand(data["tokens"].shape) < sampling
            uniforms = torch.rand(data["tokens"].shape)
        loss = twin.loss(data["tokens"], data["noise"], coins, uniforms)
        loss.backward()
        nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
        optimizer.step()
        return loss.item()

    for line in sys.stdin:
        command = json.loads(line)
        kind = command["do"]
        if kind == "make":
            torch.set_num_threads(command["threads"])
            twin = Twin(**command["sizes"])
            with np.load(command["weights"]) as arrays:
                twin.load([arrays[f"w{i}"] for i in range(len(arrays.files) - 2)])
                data = {name: torch.tensor(arrays[name]) for name in ("tokens", "noise")}
            data["tokens"] = data["tokens"].long()
            trained = [p for p in twin.parameters() if p.requires_grad]
            optimizer = torch.optim.Adam(trained, 1e-3, eps=1e-8)
            if command["optimizer"] == "sgd":
                optimizer = torch.optim.SGD(trained, 0.1)
            answer = {"torch": torch.__version__}
        elif kind == "train":
            wall, cpu = time.perf_counter(), time.process_time()
            losses = [update(command["sampling"]) for _ in range(command["steps"])]
            answer = {
                "losses": losses,
                "wall": time.perf_counter() - wall,
                "cpu": time.process_time() - cpu,
            }
        else:
            with torch.inference_mode(), np.load(command["arrays"]) as arrays:
                z, uniforms = (torch.tensor(arrays[name]) for name in ("z", "uniforms"))
                wall, calls = time.perf_counter(), command["calls"]
                for _ in range(calls):
                    tokens, _ = twin.step_by_step(z, uniforms.shape[1], 1.0, uniforms)
                wall = (time.perf_counter() - wall) / calls
                answer = {"tokens": tokens.tolist(), "wall": wall}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
