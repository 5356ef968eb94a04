"""One device, all devices of this machine, or several machines, with the same numbers.

A batch is split over the replicas; losses must be `keras.losses.Loss` objects or `add_loss` terms,
which Keras divides by the number of replicas before gradients are summed. A bare mean in
`compute_loss` is not divided, and its gradient would be that many times too large.
"""

import contextlib
import functools
import os

import keras
from keras import tree

STRATEGIES = ("none", "mirrored", "multiworker")
# Far enough apart that no other generator of the model has the seed of this one's replica.
REPLICA_SEED_STRIDE = 1_000_003


class Devices:
    """Where a run computes.

    Args:
        strategy: "none": one device; "mirrored": all GPUs of this machine, or all of TensorFlow's
            logical CPUs where there is none; "multiworker": the machines of the environment
            variable TF_CONFIG, each running the same script. TensorFlow wants to know of them
            before it computes: make a `Devices` first in a script that reads data with it.

    Attributes:
        strategy: `tf.distribute.Strategy`, or None for one device.
        replicas: int. Copies of the model, over all machines.
        several_machines: bool.
        is_chief: bool. Whether this process writes files and the progress bar.

    Raises:
        ValueError: for an unknown strategy, one that the backend lacks, or a TF_CONFIG that is
            missing.
        RuntimeError: when TensorFlow has computed before a multi-machine run was set up.
    """

    def __init__(self, strategy):
        if strategy not in STRATEGIES:
            raise ValueError(f"strategy must be one of {STRATEGIES}. Received: {strategy!r}")
        self.strategy = None
        self.replicas = 1
        self.several_machines = strategy == "multiworker"
        self.is_chief = True
        if strategy == "none":
            return
        if keras.backend.backend() != "tensorflow":
            raise ValueError(
                f"strategy={strategy!r} needs the TensorFlow backend. Received: "
                f"{keras.backend.backend()!r}; use strategy='none' or set KERAS_BACKEND=tensorflow"
            )
        self.strategy = _mirrored() if strategy == "mirrored" else _multi_worker()
        self.replicas = self.strategy.num_replicas_in_sync
        if self.several_machines:
            self.is_chief = self.strategy.cluster_resolver.task_id == 0

    def scope(self):
        """Context in which the model and its optimizer must be made."""
        return self.strategy.scope() if self.strategy else contextlib.nullcontext()

    def check_model(self, model):
        """Refuses variables whose update in `call` makes replicas wait for each other.

        Keras keeps the terms of `add_loss` in one list for all replicas of a process. A replica
        that waits between `add_loss` and the use of its losses finds those of the other.

        Raises:
            ValueError: naming the variables.
        """
        if self.strategy is None or len(self.strategy.extended.worker_devices) == 1:
            return
        waiting = [v.path for v in model.non_trainable_variables if v.aggregation != "none"]
        if waiting:
            raise ValueError(
                "With several replicas in a process, variables that a model updates itself must "
                f"have aggregation='none', or its add_loss terms are mixed up. Received: {waiting}"
            )

    def spread_noise(self, model):
        """Gives every replica its own noise; Keras would draw the same on all of them.

        Replica 0 keeps the seeds of the model, which are those that are saved.
        """
        if self.strategy is None:
            return
        first = self._first_replica()
        for variable in model.variables:
            if variable.path.endswith("seed_generator_state"):
                copies = self.strategy.experimental_local_results(variable.value)
                for replica, state in enumerate(copies, start=first):
                    state.assign_add([replica * REPLICA_SEED_STRIDE, 0])

    def check_agreement(self, number, meaning):
        """Raises RuntimeError where the machines differ in `number`, instead of a later hang."""
        if not self.several_machines:
            return
        import tensorflow as tf

        local = self.strategy.run(lambda: tf.constant([number], "int64"))
        numbers = self.strategy.gather(local, axis=0).numpy()
        if (numbers != number).any():
            raise RuntimeError(
                f"All machines must agree on {meaning}. Received: {numbers.tolist()} by replica. "
                "Give every machine the same workdir on a shared disk and the same arguments."
            )

    def split(self, batches):
        """This machine's share of every batch, one element per local replica."""
        import tensorflow as tf

        count = len(self.strategy.extended.worker_devices)
        first = self._first_replica()

        def shares(*batch):
            size = tf.shape(tree.flatten(batch)[0], out_type="int64")[0]

            def share(replica):
                start = size * replica // self.replicas
                stop = size * (replica + 1) // self.replicas
                return tree.map_structure(lambda tensor: tensor[start:stop], batch)

            return tf.data.Dataset.range(first, first + count).map(share)

        shared = batches.flat_map(shares).prefetch(2 * count)
        return self.strategy.distribute_datasets_from_function(lambda _: shared)

    def _first_replica(self):
        task = self.strategy.cluster_resolver.task_id if self.several_machines else 0
        return task * len(self.strategy.extended.worker_devices)


def fit_replicas(model, devices, batches, validation, first_epoch, epochs, steps, callbacks):
    """What `model.fit` does, for several replicas.

    `fit` of Keras 3.15 fails for several machines, and on one machine wherever a first batch is
    not a multiple of the replicas. Logs of an epoch are those of all replicas; within an epoch,
    those of this process's first.

    Args:
        model: compiled and built `keras.Model`.
        devices: `Devices`.
        batches: `tf.data.Dataset`, `steps` batches for every epoch.
        validation: `tf.data.Dataset` or None.
        first_epoch: int.
        epochs: int. Epoch at which to end.
        steps: int. Updates per epoch.
        callbacks: `keras.callbacks.CallbackList`.
    """
    import tensorflow as tf

    strategy = devices.strategy
    batches = devices.split(batches)
    validation = None if validation is None else devices.split(validation)

    def compiled(step, data):
        def replicated(batch):
            return strategy.run(step, args=(batch,))

        return tf.function(replicated, input_signature=[data.element_spec])

    train_step = compiled(model.train_step, batches)
    test_step = None if validation is None else compiled(model.test_step, validation)

    def metrics():
        return {name: float(value) for name, value in model.get_metrics_result().items()}

    def evaluate():
        callbacks.on_test_begin()
        model.reset_metrics()
        for step, batch in enumerate(validation):
            callbacks.on_test_batch_begin(step)
            test_step(batch)
            callbacks.on_test_batch_end(step)
        logs = metrics()
        callbacks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}

    iterator = iter(batches)
    model.stop_training = False
    logs = {}
    callbacks.on_train_begin()
    for epoch in range(first_epoch, epochs):
        model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        for step in range(steps):
            callbacks.on_train_batch_begin(step)
            results = train_step(next(iterator))
            local = {k: strategy.experimental_local_results(v)[0] for k, v in results.items()}
            callbacks.on_train_batch_end(step, local)
        logs = metrics()
        if validation is not None:
            logs |= evaluate()
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    callbacks.on_train_end(logs)


@functools.cache
def _mirrored():
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    devices = gpus or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in devices])


@functools.cache
def _multi_worker():
    import tensorflow as tf

    if not os.environ.get("TF_CONFIG"):
        raise ValueError(
            "strategy='multiworker' needs the environment variable TF_CONFIG on every machine: "
            '{"cluster": {"worker": ["host0:port", "host1:port"]}, "task": {"type": "worker", '
            '"index": 0}}, with the index of the machine. Received: none'
        )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise RuntimeError(
            "strategy='multiworker' must be set up before TensorFlow computes anything. Call "
            "keras_music_vae.training.Devices('multiworker') first in the program."
        ) from error
