"""One run of Valenti et al. 2020: bands with genres, a model, its training, its figures."""

from typing import Any, NamedTuple

import keras
import numpy as np
from music_vae_run import make_model as make_music_vae

from keras_music_vae.evaluation import (
    band_reconstruction,
    codes,
    genre_separation,
    interpolation,
    low_level,
    prior_match,
    reconstruction,
)
from keras_music_vae.models.mus_ae import NUM_CLASSES, MusAE
from keras_music_vae.music import genres as genres_of_songs
from keras_music_vae.music import windows
from keras_music_vae.music.representations.band import sounding
from keras_music_vae.papers.mus_ae import ARCHITECTURE, PEERS
from keras_music_vae.presets import parameters_of
from keras_music_vae.schedules import LinearWarmup
from keras_music_vae.training import train
from keras_music_vae.training.window_datasets import window_batches

SPLITS = ("train", "validation", "test")
VALIDATION_WINDOWS = 512
# Training windows whose tokens the decoder is set to expect before training.
COUNTED = 20_000
# Training windows by whose codes the encoder is set before training.
SPREAD_BY = 256
# Training windows whose codes are looked at, for lines between genres.
ENCODED = 4000
# Songs that a genre must have, in training and in test, to be told from another.
LEAST_SONGS = 2
# Test songs of a genre whose codes are held against its petal; mean and width of fewer are chance.
LEAST_OF_PETAL = 10
# Draws of the prior for each test song, to know the prior's own mean and width.
DRAWS_A_SONG = 50


class Windows(NamedTuple):
    """Windows of a split, no two equal, in the order of their songs.

    Attributes:
        tokens: int array `(window, time, part)`.
        genres: uint8 array `(window, genre)`, 1 for each genre of the window's song.
        song: int array `(window,)`, equal for windows of one song.
    """

    tokens: np.ndarray
    genres: np.ndarray
    song: np.ndarray

    def some(self, count):
        """`count` windows, evenly taken; all where there are fewer."""
        chosen = np.linspace(0, len(self.tokens) - 1, min(count, len(self.tokens))).astype(int)
        return Windows(*(each[chosen] for each in self))


class Music(NamedTuple):
    """Windows of a dataset.

    Attributes:
        representation: of `music.representations`.
        splits: dict, split -> `Windows`.
        genres: tuple of str, the genres that training songs have.
        genre_order: tuple of int, their indices by place on the circle.
        genre_source: str, the table that they are from.
    """

    representation: Any
    splits: dict
    genres: tuple
    genre_order: tuple
    genre_source: str

    @property
    def bars(self):
        """Int, the bars of a window."""
        return self.splits["test"].tokens.shape[1] // reconstruction.STEPS_PER_BAR

    def some(self, split, count):
        """Tokens `(window, time, part)` of `count` windows, evenly taken."""
        return self.splits[split].some(count).tokens.astype("int32")

    def thinned(self, count):
        """Music of `count` windows in each split, evenly taken."""
        few = {split: each.some(count) for split, each in self.splits.items()}
        return self._replace(splits=few)


def load_music(dataset, genres="", data_dir=None, manual_dir=None):
    """Reads a dataset, building it first where that was not done.

    Args:
        dataset: `papers.Dataset`.
        genres: str, where genres are from, see `tfds_builders.lakh.builder.LakhConfig`.
        data_dir: path or None, where TFDS keeps data.
        manual_dir: path or None, a folder of MIDI files.

    Returns:
        `Music`.
    """
    import tensorflow_datasets as tfds

    import tfds_builders  # noqa: F401  (registers the datasets)
    from tfds_builders.lakh.builder import LakhConfig

    name, config = dataset.tfds.split("/")
    if genres:
        config = LakhConfig(bars=int(config.removesuffix("bar")), genres=genres)
    builder = tfds.builder(name, config=config, data_dir=data_dir)
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(manual_dir=manual_dir)
    )
    songs = {
        split: list(tfds.as_numpy(builder.as_dataset(split, shuffle_files=False)))
        for split in SPLITS
    }
    metadata = builder.info.metadata
    names, tags = metadata["genres"], np.stack([song["genres"] for song in songs["train"]])
    kept = genres_of_songs.most_frequent(names, tags)
    names = tuple(names[i] for i in kept)
    return Music(
        builder.representation,
        {split: _windows_of(each, kept) for split, each in songs.items()},
        names,
        genres_of_songs.genre_order(names, tags[:, kept]) if kept else (),
        metadata["genre_source"],
    )


def _windows_of(songs, kept):
    counts = [len(song["windows"]) for song in songs]
    tokens = np.concatenate([song["windows"] for song in songs])
    genres = np.stack([song["genres"][kept] for song in songs]).astype("uint8")
    _, song = np.unique([song["song"] for song in songs], return_inverse=True)
    first = windows.first_of_equal(tokens)
    every = Windows(tokens, np.repeat(genres, counts, axis=0), np.repeat(song, counts))
    return Windows(*(each[first] for each in every))


def is_peer(experiment):
    """Whether an experiment is of a MusicVAE, for comparison."""
    return experiment.model.split("_", 1)[-1] in PEERS


def make_model(values, music):
    """A compiled `MusAE` with the hyperparameters of an experiment."""
    own = {name: values[name] for name in ARCHITECTURE}
    if values["prior"] == "mixture":
        if not music.genres:
            raise ValueError(
                "The mixture has a Gaussian for each genre, and no training song has one. Expected "
                "a table of genres beside the MIDI files (docs/data.md); or take --prior gaussian."
            )
        own |= {"genres": music.genres, "genre_order": music.genre_order}
    model = MusAE(**own)
    if values["initial_frequencies"]:
        model.decoder.expect_frequencies(music.some("train", COUNTED))
    if values["initial_spread"]:
        x = music.some("train", SPREAD_BY)
        model.spread_codes(x, values["initial_spread"], values["initial_stddev"])
    rate = keras.optimizers.schedules.InverseTimeDecay(
        values["learning_rate"], 1, values["learning_rate_decay"]
    )
    model.compile(
        keras.optimizers.Adam(
            rate,
            values["beta_1"],
            values["beta_2"],
            values["epsilon"],
            global_clipnorm=values["clip_norm"],
        ),
        beta=LinearWarmup(0.0, values["beta"], values["beta_steps"], values["beta_stairs"]),
        penalty_weight=values["penalty_weight"],
        objective=values["objective"],
        critic_steps=values["critic_steps"],
    )
    return model


def train_model(experiment, values, music, seed, **options):
    """Trains the model of an experiment.

    Args:
        experiment: `papers.Experiment`.
        values: dict, every hyperparameter.
        music: `Music`.
        seed: int.
        **options: further arguments of `training.train`.

    Returns:
        `training.TrainResult`, with the last weights.
    """
    epochs = min(values["epochs"], values["updates"])
    updates = values["updates"] // epochs
    training, validation = (
        music.splits["train"],
        music.splits["validation"].some(VALIDATION_WINDOWS),
    )
    with_genres = values.get("prior") == "mixture"
    cut = None
    if share := values.get("cut_share"):
        cut = int(share * epochs), values["cut_steps"]
    batches = window_batches(
        training.tokens,
        music.representation,
        values["batch_size"],
        updates,
        values["transpose"],
        cut,
        **({"genres": training.genres} if with_genres else {}),
    )
    x = {"x": validation.tokens.astype("int32")}

    def make():
        if is_peer(experiment):
            return make_music_vae(values, NUM_CLASSES)
        return make_model(values, music)

    return train(
        make,
        batches,
        (x | ({"genres": validation.genres} if with_genres else {}), x),
        epochs=epochs,
        batch_size=values["batch_size"],
        seed=seed,
        steps_per_epoch=updates,
        # A game has no best validation loss: the last weights are kept.
        start_from_epoch=epochs,
        config={"experiment": experiment.name} | values,
        **options,
    )


class Found(NamedTuple):
    """What was measured of a model, for figures; of a MusicVAE the first two.

    Attributes:
        metrics: dict of float.
        distances: `interpolation.Distances`.
        changes: float array `(genre, part, metric)` in the order of the circle, or None.
        separations: dict, (genre, genre) -> `genre_separation.Separation`.
        matches: dict, genre, or "" for all music -> `prior_match.Match`.
        codes, draws: float arrays `(song, latent)`, a code of each test song, and of the prior.
    """

    metrics: dict
    distances: Any
    changes: Any = None
    separations: Any = None
    matches: Any = None
    codes: Any = None
    draws: Any = None


def measure_model(result, values, music, seed):
    """Measures one trained model on test windows, and how well it knows its training windows."""
    model, count = result.model, values["test_windows"]
    test = music.some("test", count)
    known = band_reconstruction.measure(model, music.some("train", count), seed=seed)
    metrics = band_reconstruction.measure(model, test, seed=seed)
    metrics |= {f"train_{name}": value for name, value in known.items()}
    metrics |= {
        "updates": values["updates"],
        "parameters": parameters_of(model),
        "train_windows": len(music.splits["train"].tokens),
        "test_windows": len(test),
    }
    distances = interpolate(model, music, values["interpolations"], values["interpolation_steps"])
    metrics |= {
        "interpolation_at_start": distances.from_start[0],
        "interpolation_at_end": distances.from_start[-1],
        "interpolation_mixed_at_end": distances.mixed_from_start[-1],
        "interpolation_rising": distances.rising,
    }
    found = Found(metrics, distances)
    if isinstance(model, MusAE):
        found = _measure_codes(model, values, music, seed, found)
    # A genre without songs, or parts without notes, leave nothing to measure.
    known = {name: float(value) for name, value in found.metrics.items() if np.isfinite(value)}
    return found._replace(metrics=known)


def interpolate(model, music, pairs, steps):
    """The `interpolation.Distances` between pairs of test windows, as in figure 4."""
    ends = music.some("test", 2 * pairs)
    # Halves that lie far apart, so that the windows of a pair are hardly ever of one song.
    half = len(ends) // 2
    return interpolation.measure(
        model, ends[:half], ends[-half:], steps, seen=sounding, against="windows"
    )


def _measure_codes(model, values, music, seed, found):
    """Adds how codes lie, by themselves and beside the prior."""
    train, test = (music.splits[split].some(ENCODED) for split in ("train", "test"))
    spread = [codes.encode(model, each.tokens) for each in (train, test)]
    of_train, of_test = (
        genre_separation.Codes(posterior.mean, each.genres, each.song)
        for posterior, each in zip(spread, (train, test), strict=True)
    )
    separations = {
        tuple(music.genres[i] for i in pair): genre_separation.measure(
            of_train, of_test, *pair, values["shown_per_genre"], seed
        )
        for pair in genre_separation.pairs(of_train, of_test, LEAST_SONGS)
    }
    metrics = dict(found.metrics)
    if separations:
        for place in ("plane", "space"):
            each = [getattr(separation, f"in_{place}") for separation in separations.values()]
            metrics[f"genres_in_{place}"] = np.mean(each)
    drawn, draws, matches = _match_prior(model, music, test, spread[1], seed)
    of_all = matches[""]
    metrics |= {
        "prior_distance": of_all.distance,
        "prior_test_p_value": of_all.p_value,
        "prior_mean_distance": of_all.mean_distance,
        "prior_spread": of_all.spread,
    }
    for genre, match in matches.items():
        if genre:
            metrics[f"prior_mean_distance_{genre}"] = match.mean_distance
            metrics[f"prior_spread_{genre}"] = match.spread
    changes = None
    if model.genres:
        count = values["codes_per_genre"]
        petals = [np.asarray(model.draw_codes(count, seed, genre)) for genre in circle(music)]
        changes = low_level.measure(model, np.stack(petals), test.tokens.shape[1])
        if len(changes) > 2:
            metrics["roughness"] = low_level.roughness(changes)
    return found._replace(
        metrics=metrics,
        changes=changes,
        separations=separations,
        matches=matches,
        codes=drawn,
        draws=draws,
    )


def circle(music):
    """The genres by their place on the circle."""
    return [music.genres[i] for i in music.genre_order]


def _match_prior(model, music, test, posterior, seed):
    """Holds a code of each test song against draws of the prior, of one of the song's genres."""
    random = np.random.default_rng(seed)
    chosen = prior_match.one_of_each(test.song, seed)
    noise = random.standard_normal(posterior.mean[chosen].shape, "float32")
    drawn = posterior.mean[chosen] + posterior.stddev[chosen] * noise
    count = len(model.genres)
    of_song = [np.flatnonzero(row[:count]) for row in test.genres[chosen]]
    # Songs without a genre stand behind all others.
    genre = np.array([random.choice(own) if own.size else count for own in of_song])

    def draw(repeats, seed):
        if not count:
            return np.asarray(model.draw_codes(repeats * len(genre), seed))
        petal = np.tile(genre, repeats)
        if model.untagged == "uniform":
            petal = np.where(petal < count, petal, random.integers(count, size=len(petal)))
        return np.asarray(model.draw_codes(len(petal), seed, petal))

    draws, reference = draw(1, seed), draw(DRAWS_A_SONG, seed + 1)
    strata = genre, genre
    matches = {"": prior_match.compare(drawn, draws, strata, reference, seed=seed)}
    names = (*model.genres, "none") if count else ()
    for i, name in enumerate(names):
        own = genre == i
        if own.sum() >= LEAST_OF_PETAL:
            many = reference[np.tile(own, DRAWS_A_SONG)]
            matches[name] = prior_match.compare(drawn[own], draws[own], None, many, seed=seed)
    return drawn, draws, matches


def measure_trivial(music, count):
    """The metrics of what needs no model: name -> dict."""
    train_windows = music.splits["train"].tokens.astype("int32")
    return band_reconstruction.trivial(train_windows, music.some("test", count))
