"""Magenta's MusicVAE checkpoints of TensorFlow 1, by the names that it gave its variables.

A cell of TensorFlow 1 has one kernel, whose rows are those of the input and then of the state, and
whose columns are the gates in the order input, candidate, forget, output. It adds 1 to the forget
gate, which is not in its bias.
"""

import lzma
import re
import shutil
import tarfile
import tempfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np
from keras import ops

from keras_music_vae.layers import BidirectionalEncoder, HierarchicalDecoder, NADEHead
from keras_music_vae.models.music_vae import MusicVAE
from keras_music_vae.papers.magenta import MAGENTA

# What an optimizer kept, and what CuDNN kept a second time.
_NOT_WEIGHTS = ("/Adam", "/Adam_1", "opaque_kernel")
_NOT_VARIABLES = {"global_step", "beta1_power", "beta2_power"}
_DIRECTION = "{}/bidirectional_rnn/{}/multi_rnn_cell/cell_0/lstm_cell"
# Until early 2018 the hierarchical decoder was HierarchicalMultiOutLstmDecoder of lstm_models.py:
# the same variables, in the scopes hierarchical_layer_%d (there in e_to_initial_state, or in the
# "rnn" of tf.nn.static_rnn) and core_decoder_%d. Issue 1188 of magenta/magenta tells of such a
# checkpoint, hiercat_trio_16bar_big, in which later code does not find its keys. The sources of
# that time name all other variables as today.
_OLD_NAMES = (
    (r"^hierarchical_layer_(\d+)/e_to_", r"decoder/hierarchical_level_\1/"),
    (r"^hierarchical_layer_(\d+)/rnn/multi_rnn_cell/", r"decoder/hierarchical_level_\1/"),
    (r"^core_decoder_(\d+)/", r"core_decoder/core_decoder_\1/"),
)
_OLD_NAME_OF_ONE = (r"^core_decoder_0/", "core_decoder/")


def load(path, name, **sizes):
    """Makes a model with the weights of a checkpoint.

    Args:
        path: a published .tar, a folder, of whose checkpoints the newest is taken, or the prefix of
            one, such as "model.ckpt-0".
        name: str, one of `papers.magenta.MAGENTA`.
        **sizes: arguments of `MusicVAE` that differ from the configuration's.

    Returns:
        `MusicVAE`.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if the name is another, or the variables are not those of the model.
    """
    if name not in MAGENTA:
        raise ValueError(
            f"Expected one of the configurations {', '.join(MAGENTA)}. Received: {name!r}"
        )
    found = read(path)
    model = MusicVAE(**MAGENTA[name].model | sizes)
    assign(model, found)
    return model


def read(path):
    """Reads the weights of a checkpoint, dict of Magenta's names to arrays.

    Args:
        path: see `load`. Of an archive, only files of checkpoints are unpacked, to a folder that is
            removed again.

    Raises:
        FileNotFoundError: if there is no checkpoint.
        ValueError: if the checkpoint cannot be read.
    """
    path = Path(path)
    if path.is_file() and tarfile.is_tarfile(path):
        with tempfile.TemporaryDirectory() as folder:
            _unpack(path, Path(folder))
            return _read_checkpoint(Path(folder), path)
    return _read_checkpoint(path, path)


def assign(model, variables):
    """Sets the weights of a model.

    Args:
        model: `MusicVAE`.
        variables: mapping of Magenta's names to arrays, also of those that the decoder of several
            levels had until early 2018.

    Raises:
        ValueError: if a variable is missing, of another shape, or left over; says which.
    """
    variables = _under_new_names(variables)
    layers = _layers(model)
    problems, known = [], set()
    for names, (read, _, layer) in layers.items():
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
    for names, (_, write, layer) in layers.items():
        write(layer, *(np.asarray(variables[name]) for name in names))


def variables(model):
    """Returns the weights of a model under Magenta's names, as dict of str to array."""
    found = {}
    for names, (read, _, layer) in _layers(model).items():
        found |= zip(names, read(layer), strict=True)
    return found


def _read_checkpoint(place, path):
    """Reads the checkpoint that is at a place, for the user's sake called `path` in errors."""
    import tensorflow as tf

    index = place.with_name(place.name + ".index")
    if place.is_dir():
        index = _newest(place) or index
    if not index.is_file():
        raise FileNotFoundError(
            f"Expected a checkpoint of TensorFlow 1 (.index and .data files), a folder or a .tar "
            f"with one at {path}, found none. Give the file that Magenta published."
        )
    try:
        reader = tf.train.load_checkpoint(str(index).removesuffix(".index"))
        return {
            name: reader.get_tensor(name)
            for name in reader.get_variable_to_shape_map()
            if name not in _NOT_VARIABLES and not any(part in name for part in _NOT_WEIGHTS)
        }
    except (tf.errors.OpError, RuntimeError, ValueError) as error:
        raise ValueError(
            f"The checkpoint {path} cannot be read ({error}). Fetch it again."
        ) from error


def _newest(folder):
    """The .index of the checkpoint that a folder's `checkpoint` names, or of the most updates."""
    import tensorflow as tf

    state = tf.train.get_checkpoint_state(str(folder))
    named = state and folder / f"{PurePosixPath(state.model_checkpoint_path).name}.index"
    if named and named.is_file():
        return named

    def updates(index):
        counted = re.search(r"-(\d+)$", index.stem)
        return int(counted[1]) if counted else -1

    return max(sorted(folder.glob("*.index")), key=updates, default=None)


def _under_new_names(variables):
    names = _OLD_NAMES
    if not any(name.startswith("core_decoder_1/") for name in variables):
        names = (_OLD_NAME_OF_ONE, *names)
    found = {}
    for name, array in variables.items():
        for old, new in names:
            name = re.sub(old, new, name)
        found[name] = array
    return found


def _unpack(archive, folder):
    """Copies the files of checkpoints out of a .tar, by their names alone."""
    try:
        with tarfile.open(archive) as members:
            for member in members:
                name = PurePosixPath(member.name).name
                if member.isfile() and (name.endswith(".index") or ".data-" in name):
                    source = members.extractfile(member)
                    with source, (folder / name).open("wb") as target:
                        shutil.copyfileobj(source, target)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise ValueError(
            f"The archive {archive} cannot be unpacked ({error}). Fetch it again."
        ) from error


def _layers(model):
    """Maps the names of the variables of a layer to (read, write, layer)."""
    layers = {}
    encoder = model.encoder
    if isinstance(encoder, BidirectionalEncoder):
        layers |= _directions("encoder", encoder)
    else:
        for i, level in enumerate(encoder.levels):
            layers |= _directions(f"encoder/hierarchical_level_{i}", level)
    layers |= _dense("encoder/mu", model.posterior.mean_head)
    layers |= _dense("encoder/sigma", model.posterior.scale_head)
    decoder = model.decoder
    if not isinstance(decoder, HierarchicalDecoder):
        return layers | _decoder("decoder", decoder)
    level = "decoder/hierarchical_level_0"
    layers |= _dense(f"{level}/initial_state", decoder.initial_state.dense)
    layers |= _cells(level, decoder.conductor)
    several = len(decoder.decoders) > 1
    for i, each in enumerate(decoder.decoders):
        core = f"core_decoder/core_decoder_{i}" if several else "core_decoder"
        layers |= _decoder(f"{core}/decoder", each)
    return layers


def _directions(prefix, encoder):
    layers = {}
    for i, pair in enumerate(encoder.directions):
        for name, layer in zip(("fw", "bw"), pair, strict=True):
            layers |= _lstm(_DIRECTION.format(f"{prefix}/cell_{i}", name), layer)
    return layers


def _decoder(prefix, decoder):
    layers = _dense(f"{prefix}/z_to_initial_state", decoder.initial_state.dense)
    layers |= _dense(f"{prefix}/output_projection", decoder.head.projection)
    layers |= _cells(f"{prefix}/multi_rnn_cell", decoder.lstms)
    if isinstance(decoder.head, NADEHead):
        names = f"{prefix}/nade/w_enc", f"{prefix}/nade/w_dec_t"
        layers[names] = _read_nade, _write_nade, decoder.head
    return layers


def _cells(prefix, stack):
    layers = {}
    for i, layer in enumerate(stack.layers):
        layers |= _lstm(f"{prefix}/cell_{i}/lstm_cell", layer)
    return layers


def _dense(prefix, layer):
    return {(f"{prefix}/kernel", f"{prefix}/bias"): (_read_dense, _write_dense, layer)}


def _lstm(prefix, layer):
    return {(f"{prefix}/kernel", f"{prefix}/bias"): (_read_lstm, _write_lstm, layer)}


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
    kernel, bias = _swap_gates(kernel), _swap_gates(bias)
    bias[layer.units : 2 * layer.units] += 1
    rows = len(kernel) - layer.units
    layer.kernel.v.assign(kernel[:rows])
    layer.recurrent_kernel.v.assign(kernel[rows:])
    layer.bias.assign(bias)


def _read_nade(head):
    w_enc, w_dec = ops.convert_to_numpy(head.w_enc), ops.convert_to_numpy(head.w_dec)
    return w_enc[:, None, :], w_dec[:, :, None]


def _write_nade(head, w_enc, w_dec):
    head.w_enc.assign(w_enc[:, 0, :])
    head.w_dec.assign(w_dec[:, :, 0])


def _swap_gates(x):
    """Swaps the second and the third quarter of the last axis; the other way round is the same."""
    first, second, third, fourth = np.split(x, 4, axis=-1)
    return np.concatenate([first, third, second, fourth], axis=-1)
