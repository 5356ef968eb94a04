"""SavedModels: they make music where Keras is not installed, in TensorFlow or TF Serving."""

import json

import keras

from keras_music_vae import files

MARKER = "saved_model.pb"
CONFIGURATION = "configuration.json"


class ExportError(RuntimeError):
    """Keras runs on a backend that writes no SavedModel."""


def save(model, folder):
    """Writes `model` as a SavedModel, equal to the Keras model call by call.

    Rolls are uint8 `(batch, time, pitch)`, of any batch size and length; equal seeds give equal
    music. Every function takes one dict and gives one:

    * `encode` {piano_roll} -> {mean, stddev}, float32 `(batch, time, latent)`;
    * `decode` {z, temperature, seed} -> {piano_roll, probabilities};
    * `sample` {count, steps, temperature, seed} -> {piano_roll};
    * `reconstruct` {piano_roll, temperature, seed} -> {piano_roll, probabilities}.

    A model with key classes has also `classify` {piano_roll} -> {w}, float32 `(batch, classes)`,
    with which `reconstruct` begins; its `encode`, `decode` and `sample` take w too (for `sample`
    one row, or one per piece). The w of each class by name is in `configuration.json`.

    `temperature` is a float32 scalar; `count`, `steps` and `seed` are int32 scalars.

    Args:
        model: one of `keras_music_vae.models`.
        folder: path; a SavedModel in that place is replaced.

    Raises:
        ExportError: if Keras does not run on TensorFlow.
        OSError: if `folder` cannot be written, or has other content.
    """
    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            "Expected Keras to run on TensorFlow, the one backend that writes SavedModels here. "
            f"Received: {keras.backend.backend()}. Save the model as a preset, and export that "
            "with KERAS_BACKEND=tensorflow."
        )
    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, (function, inputs) in _signatures(model).items():
        archive.add_endpoint(name, function, input_signature=[inputs])
    description = {"class": type(model).__name__, "config": model.get_config()}
    if model.condition_dim:
        codes = [model.class_code(name).tolist() for name in model.classes]
        description["class_codes"] = dict(zip(model.classes, codes, strict=True))
    with files.new_folder(folder, MARKER) as aside:
        _write(archive, aside)
        text = json.dumps(description, indent=2, ensure_ascii=False)
        (aside / CONFIGURATION).write_text(text + "\n", encoding="utf-8")


def _write(archive, folder):
    import tensorflow as tf

    # The model is for use, not for training: the LSTM's own gradient stays behind.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    try:
        archive.write_out(folder, options, verbose=False)
    except tf.errors.OpError as error:
        raise OSError(f"TensorFlow could not write the SavedModel: {error.message}") from error


def _signatures(model):
    """Name -> function of a dict, and the dict of what it takes."""
    import tensorflow as tf

    def spec(name, shape=(), dtype=tf.int32):
        return {name: tf.TensorSpec(shape, dtype, name)}

    def encode(inputs):
        posterior = model.encode(inputs["piano_roll"], _w(inputs))
        return {name: _float(value) for name, value in posterior._asdict().items()}

    def decode(inputs):
        z = inputs["z"]
        shape = (tf.shape(z)[0], tf.shape(z)[1], model.num_pitches)
        uniforms = tf.random.stateless_uniform(shape, _draw(inputs["seed"], 0))
        return roll_out(z, _w(inputs), uniforms, inputs["temperature"])

    def sample(inputs):
        count, steps = inputs["count"], inputs["steps"]
        w = _w(inputs)
        if w is not None:
            w = tf.broadcast_to(w, (count, model.condition_dim))
        z_shape = (count, steps, model.latent_dim)
        z = tf.random.stateless_normal(z_shape, _draw(inputs["seed"], 0))
        roll_shape = (count, steps, model.num_pitches)
        uniforms = tf.random.stateless_uniform(roll_shape, _draw(inputs["seed"], 1))
        made = roll_out(z, w, uniforms, inputs["temperature"])
        return {"piano_roll": made["piano_roll"]}

    def reconstruct(inputs):
        if model.condition_dim:
            inputs = inputs | classify(inputs)
        return decode(inputs | {"z": encode(inputs)["mean"]})

    def classify(inputs):
        least = getattr(model, "seq_length", 1)
        message = f"Expected at least {least} steps of piano_roll to tell the key from."
        tf.debugging.assert_greater_equal(tf.shape(inputs["piano_roll"])[1], least, message)
        return {"w": _float(model.mean_w(inputs["piano_roll"]))}

    def roll_out(z, w, uniforms, temperature):
        silence = tf.zeros((tf.shape(z)[0], 1, model.num_pitches))
        temperature = tf.cast(temperature, model.compute_dtype)
        made = model.rollout(silence, w, z, uniforms, "prior", temperature)
        notes = tf.cast(made["x"], tf.uint8)
        return {"piano_roll": notes, "probabilities": _float(made["probabilities"])}

    def _w(inputs):
        return tf.cast(inputs["w"], model.compute_dtype) if model.condition_dim else None

    def _float(x):
        return tf.cast(x, tf.float32)

    def _draw(seed, number):
        """The key of draw `number` of Keras's stream `seed`, as `SeedGenerator` makes them."""
        key = tf.stack([tf.cast(seed, tf.int64), number])
        return tf.cast(tf.math.floormod(key, tf.int32.max - 1), tf.int32)

    roll = spec("piano_roll", (None, None, model.num_pitches), tf.uint8)
    z = spec("z", (None, None, model.latent_dim), tf.float32)
    how = spec("temperature", dtype=tf.float32) | spec("seed")
    if not model.condition_dim:
        key, extra = {}, {}
    else:
        key = spec("w", (None, model.condition_dim), tf.float32)
        extra = {"classify": (classify, roll)}
    return {
        "encode": (encode, roll | key),
        "decode": (decode, z | key | how),
        "sample": (sample, spec("count") | spec("steps") | key | how),
        "reconstruct": (reconstruct, roll | how),
    } | extra
