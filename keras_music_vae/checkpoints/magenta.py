"""Magenta's MusicVAE checkpoints of TensorFlow 1, by the names that it gave its variables.

A cell of TensorFlow 1 has one kernel, whose rows are those of the input and then of the state, and
whose columns are the gates in the order input, candidate, forget, output. It adds 1 to the forget
gate, which is not in its bias.
"""

import numpy as np
from keras import ops

from keras_music_vae.layers import BidirectionalEncoder, HierarchicalDecoder

_DIRECTION = "{}/bidirectional_rnn/{}/multi_rnn_cell/cell_0/lstm_cell"


def assign(model, variables):
    """Sets the weights of a model.

    Args:
        model: `MusicVAE`.
        variables: mapping of Magenta's names to arrays.

    Raises:
        ValueError: if a variable is missing, of another shape, or left over; says which.
    """
    layers = _layers(model)
    problems, known = [], set()
    for prefix, (read, _, layer) in layers.items():
        names = [f"{prefix}/kernel", f"{prefix}/bias"]
        known |= set(names)
        shapes = [value.shape for value in read(layer)]
        for name, shape in zip(names, shapes, strict=True):
            if name not in variables:
                problems.append(f"{name} is missing, expected with shape {shape}")
            elif variables[name].shape != shape:
                problems.append(f"{name} has shape {variables[name].shape}, expected {shape}")
    problems += [f"{name} belongs to no layer" for name in sorted(set(variables) - known)]
    if problems:
        raise ValueError(
            "The variables are not those of this model. Check its sizes.\n" + "\n".join(problems)
        )
    for prefix, (_, write, layer) in layers.items():
        write(layer, np.asarray(variables[f"{prefix}/kernel"]), variables[f"{prefix}/bias"])


def variables(model):
    """Returns the weights of a model under Magenta's names, as dict of str to array."""
    found = {}
    for prefix, (read, _, layer) in _layers(model).items():
        found[f"{prefix}/kernel"], found[f"{prefix}/bias"] = read(layer)
    return found


def _layers(model):
    """Maps the prefix of two variables to (read, write, layer)."""
    layers = {}
    encoder = model.encoder
    if isinstance(encoder, BidirectionalEncoder):
        layers |= _directions("encoder", encoder)
    else:
        for i, level in enumerate(encoder.levels):
            layers |= _directions(f"encoder/hierarchical_level_{i}", level)
    layers["encoder/mu"] = _dense(model.posterior.mean_head)
    layers["encoder/sigma"] = _dense(model.posterior.scale_head)
    decoder = model.decoder
    if not isinstance(decoder, HierarchicalDecoder):
        return layers | _decoder("decoder", decoder)
    level = "decoder/hierarchical_level_0"
    layers[f"{level}/initial_state"] = _dense(decoder.initial_state.dense)
    layers |= _cells(level, decoder.conductor)
    several = len(decoder.decoders) > 1
    for i, each in enumerate(decoder.decoders):
        core = f"core_decoder/core_decoder_{i}" if several else "core_decoder"
        layers |= _decoder(f"{core}/decoder", each)
    return layers


def _directions(prefix, encoder):
    return {
        _DIRECTION.format(f"{prefix}/cell_{i}", name): _lstm(layer)
        for i, pair in enumerate(encoder.directions)
        for name, layer in zip(("fw", "bw"), pair, strict=True)
    }


def _decoder(prefix, decoder):
    return {
        f"{prefix}/z_to_initial_state": _dense(decoder.initial_state.dense),
        f"{prefix}/output_projection": _dense(decoder.head),
        **_cells(f"{prefix}/multi_rnn_cell", decoder.lstms),
    }


def _cells(prefix, stack):
    return {f"{prefix}/cell_{i}/lstm_cell": _lstm(layer) for i, layer in enumerate(stack.layers)}


def _dense(layer):
    return _read_dense, _write_dense, layer


def _lstm(layer):
    return _read_lstm, _write_lstm, layer


def _read_dense(layer):
    return ops.convert_to_numpy(layer.kernel.v), ops.convert_to_numpy(layer.bias)


def _write_dense(layer, kernel, bias):
    layer.kernel.v.assign(kernel)
    layer.bias.assign(bias)


def _read_lstm(layer):
    kernels = layer.kernel.v, layer.recurrent_kernel.v
    kernel = np.concatenate([ops.convert_to_numpy(each) for each in kernels])
    bias = ops.convert_to_numpy(layer.bias).copy()
    bias[layer.units : 2 * layer.units] -= 1
    return _swap_gates(kernel), _swap_gates(bias)


def _write_lstm(layer, kernel, bias):
    kernel, bias = _swap_gates(kernel), _swap_gates(np.asarray(bias))
    bias[layer.units : 2 * layer.units] += 1
    rows = len(kernel) - layer.units
    layer.kernel.v.assign(kernel[:rows])
    layer.recurrent_kernel.v.assign(kernel[rows:])
    layer.bias.assign(bias)


def _swap_gates(x):
    """Swaps the second and the third quarter of the last axis; the other way round is the same."""
    first, second, third, fourth = np.split(x, 4, axis=-1)
    return np.concatenate([first, third, second, fourth], axis=-1)
