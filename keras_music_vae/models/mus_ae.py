"""MusAE: an adversarial autoencoder of bands, whose prior knows genres.

Valenti, Carta and Bacciu (2020), "Learning a Latent Space of Style-Aware Symbolic Music
Representations by Adversarial Autoencoders". One z for a whole window, held to a prior by a critic.
"""

import keras
import numpy as np
from keras import ops

from keras_music_vae.layers import (
    BidirectionalEncoder,
    Critic,
    DiagonalPosterior,
    Flower,
    TrackDecoder,
    standard_normal,
)
from keras_music_vae.layers.heads import likeliest_or_drawn
from keras_music_vae.losses import CategoricalReconstruction, gradient_penalty
from keras_music_vae.models.base import Autoencoder, Posterior
from keras_music_vae.models.latent_space import LatentSpace, lerp
from keras_music_vae.music.representations.band import PARTS

NUM_CLASSES = (130,) * len(PARTS)
UNTAGGED = ("component", "uniform")
ENCODER_INPUTS = ("one_hot", "signed")
OBJECTIVES = ("game", "joint")


@keras.saving.register_keras_serializable("keras_music_vae")
class MusAE(LatentSpace, Autoencoder):
    """An adversarial autoencoder of windows of tokens, several tracks in one code.

    Formula: with a critic D, codes z ~ q(z|x) and p from the prior of the window's genre y,

    * encoder and decoder minimize -log p(x|z), the mean over steps summed over tracks, and the
      encoder also `-beta * D(z, y)`;
    * the critic minimizes `D(z, y) - D(p, y) + penalty_weight * (||dD/dz(m, y)|| - 1)^2`, m a
      random point between p and z.

    Each term reaches its own networks alone, so that one optimizer, one loss and plain `fit` play
    the game, one step of the critic for each of the encoder. The signs are those of Gulrajani et
    al. 2017; equations 4 to 6 print the opposite.

    Args:
        num_classes: sequence of int, the number of tokens of each track.
        tracks: sequence of str, their names, for metrics.
        latent_dim: int. Size of z.
        units: int. Width of all layers: of each direction of the encoder, of the decoders, of the
            critic.
        depth: int. Layers of LSTMs in the encoder and in each decoder.
        genres: sequence of str, the names of the genres, in the order of the data. The prior is
            then a `Flower` with a petal for each, and the critic is told the genre. Without, the
            prior is N(0, I).
        genre_order: sequence of int or None. The genres by place on the circle, as indices of
            `genres`; None for the order of `genres`, as in the released code.
        untagged: str. Where the codes of songs without genres belong: on a petal of their own,
            the last, "component"; or on one drawn anew each time, "uniform". The critic is told
            zeros.
        radial_variance, variance: floats, see `Flower`.
        scale: str. "log_var", as in the released code, or "exp", equation 10; see
            `DiagonalPosterior`.
        encoder_input: str. The encoder reads vectors of 0 and 1, "one_hot", or of -1 and 1,
            "signed", as in the released code.
        shared_initial_state: bool. See `TrackDecoder`; True in the released code.
        standardize: bool. Encoder, decoder and critic count codes in standard deviations of the
            whole prior, a number for each dimension. The functions that they can be are the same;
            where a petal is a thirtieth wide, weights begin much nearer to one that reads it. The
            penalty too is then of the slope by codes so counted: else all of the slope that it
            allows goes to the narrow directions, and the critic sees no petals.
        critic_pace: float, see `Critic`.

    Inputs: dict of `x`, int tokens `(batch, time, track)`; with genres `genres`, 1 for each genre
    of the song, `(batch, genre)`, of which one is drawn at each call; optionally noise in place of
    what is drawn: `eps_z` and `eps_prior`, standard normal `(batch, latent)`, and `alpha`, uniform
    `(batch, 1)`, the share of the prior's draw in a point between.

    Outputs: dict of `x` (logits, tracks side by side), `z_mean`, `z_log_var`, and the critic's
    `score_prior`, `score_code` and `gradient_penalty`, `(batch,)`.

    Metrics: `reconstruction_<track>`, nats per step; `wasserstein`, how far the critic holds draws
    of the prior and codes apart; `gradient_penalty`; `generator`, the encoder's term. All without
    their weights. `loss` is the sum of all terms while training, which a game does not lower, and
    the reconstruction alone while evaluating, with what attributes add, if any.

    Reference: Valenti, Carta and Bacciu 2020, section 3; `MusAE_GM` of the released code.
    """

    between = staticmethod(lerp)
    # As the released code; no step knows what was drawn at another, so that draws are noise.
    own_temperature = 0.0

    def __init__(
        self,
        num_classes=NUM_CLASSES,
        tracks=PARTS,
        latent_dim=512,
        units=1024,
        depth=3,
        genres=(),
        genre_order=None,
        untagged="component",
        radial_variance=0.1,
        variance=0.001,
        scale="log_var",
        encoder_input="one_hot",
        shared_initial_state=False,
        standardize=False,
        critic_pace=1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check("untagged", untagged, UNTAGGED)
        _check("encoder_input", encoder_input, ENCODER_INPUTS)
        self.num_classes = tuple(num_classes)
        self.tracks = tuple(tracks)
        if len(self.tracks) != len(self.num_classes):
            raise ValueError(
                f"Expected a name for each of {len(self.num_classes)} tracks. "
                f"Received: tracks={self.tracks}"
            )
        self.genres = tuple(genres)
        if len(set(self.genres)) != len(self.genres):
            raise ValueError(f"Expected genres of different names. Received: {self.genres}")
        if self.genres and latent_dim < 2:
            raise ValueError(
                "Expected a latent_dim of 2 or more with genres, which lie around a circle. "
                f"Received: {latent_dim}"
            )
        every = range(len(self.genres))
        if genre_order is not None and sorted(genre_order) != list(every):
            raise ValueError(
                f"genre_order must have each index of the {len(self.genres)} genres once. "
                f"Received: {tuple(genre_order)}"
            )
        self.genre_order = None if genre_order is None else tuple(map(int, genre_order))
        self.latent_dim = latent_dim
        self.units = units
        self.depth = depth
        self.untagged = untagged
        self.radial_variance = radial_variance
        self.variance = variance
        self.scale = scale
        self.encoder_input = encoder_input
        self.shared_initial_state = shared_initial_state
        self.standardize = standardize
        self.critic_pace = critic_pace
        self.beta, self.penalty_weight, self.objective = 1.0, 10.0, "game"
        self.seed_generator = keras.random.SeedGenerator()

        self.prior = standard_normal
        if self.genres:
            components = len(self.genres) + (untagged == "component")
            self.prior = Flower(components, radial_variance, variance)
            # The place of each genre on the circle, and behind them that of songs without.
            order = every if self.genre_order is None else self.genre_order
            self.places = np.append(np.argsort(order), len(self.genres)).astype("int32")
        # What a code of 1 is to the layers.
        has_widths = standardize and self.genres
        self.unit = self.prior.widths(latent_dim) if has_widths else np.ones(latent_dim, "float32")
        layers = (units,) * depth
        self.encoder = BidirectionalEncoder(
            layers, init="keras", name="encoder", dtype=self.dtype_policy
        )
        self.decoder = TrackDecoder(
            self.num_classes,
            layers,
            shared_initial_state,
            name="decoder",
            dtype=self.dtype_policy,
        )
        # In half precision a petal's width is lost in the rounding, and so is the penalty.
        self.posterior = DiagonalPosterior(latent_dim, scale, name="posterior", dtype="float32")
        self.critic = Critic((units, units), critic_pace, name="critic", dtype="float32")
        self.reconstruction = CategoricalReconstruction(
            self.num_classes, per_step=True, reduction=None
        )
        terms = "wasserstein", "gradient_penalty", "generator"
        names = *(f"reconstruction_{track}" for track in self.tracks), *terms
        self.term_metrics = {name: keras.metrics.Mean(name=name) for name in names}
        self.build()

    @property
    def parts(self):
        """Int, the tracks of a window."""
        return len(self.num_classes)

    def build(self, input_shape=None):
        self.encoder.build((None, None, sum(self.num_classes)))
        self.posterior.build((None, 2 * self.units))
        self.decoder.build((None, self.latent_dim))
        self.critic.build((None, self.latent_dim), len(self.genres))
        self.built = True

    def compile(
        self,
        optimizer="adam",
        beta=1.0,
        penalty_weight=10.0,
        objective="game",
        critic_steps=1,
        loss=None,
        **kwargs,
    ):
        """Keras's `compile` with the paper's loss.

        Args:
            optimizer: Keras optimizer, of all networks.
            beta: float or schedule (updates -> weight) of the encoder's term.
            penalty_weight: float, of the gradient penalty.
            objective: str. "game", see above; "joint", the released code's, for comparison alone:
                beta times the sum of the critic's and the encoder's terms, minimized by all
                networks together. There D(z) falls out of the sum, so that there is no game.
            critic_steps: int. Only 1 is there: more would take a train step for each backend.
            loss: dict of losses by output; None for the paper's.
            **kwargs: see `Autoencoder.compile` and Keras's.
        """
        _check("objective", objective, OBJECTIVES)
        if critic_steps != 1:
            raise ValueError(
                "Expected critic_steps=1: critic and encoder learn in one step, as in the released "
                f"code. Received: critic_steps={critic_steps}"
            )
        self.beta = beta
        self.penalty_weight = penalty_weight
        self.objective = objective
        loss = loss or {"x": CategoricalReconstruction(self.num_classes, per_step=True)}
        super().compile(optimizer, loss=loss, **kwargs)

    def call(self, inputs, training=False):
        x = ops.cast(inputs["x"], "int32")
        drawn = self.posterior(self._encoding(x), noise=inputs.get("eps_z"))
        z, mean, stddev = (self.unit * each for each in drawn)
        logits = self.logits(z, length=ops.shape(x)[1])
        outputs = {"x": logits, "z_mean": mean, "z_log_var": 2 * ops.log(stddev)}
        outputs |= self._play(z, inputs, training) | self.attribute_outputs(z, inputs)
        if training:
            self.updates.assign_add(1)
        return outputs

    def _play(self, z, inputs, training):
        """The critic's scores of codes z; while training, its loss and the encoder's."""
        component, told = self._draw_genre(inputs.get("genres"), ops.shape(z)[0])
        joint = self.objective == "joint"
        fake = z if joint else ops.stop_gradient(z)
        eps_prior, alpha = inputs.get("eps_prior"), inputs.get("alpha")
        if eps_prior is None:
            eps_prior = keras.random.normal(ops.shape(z), dtype=z.dtype, seed=self.seed_generator)
        if alpha is None:
            alpha = keras.random.uniform(ops.shape(z[:, :1]), seed=self.seed_generator)
        real, alpha = self.prior(ops.cast(eps_prior, z.dtype), component), ops.cast(alpha, z.dtype)
        between = alpha * real + (1 - alpha) * fake
        score_prior, score_code = (self.critic(c / self.unit, told) for c in (real, fake))
        penalty = gradient_penalty(self.critic.input_gradient(between / self.unit, told))
        if training:
            critic = ops.mean(score_code - score_prior + self.penalty_weight * penalty)
            encoder = -ops.mean(self.critic(z / self.unit, told, frozen=not joint))
            beta = self.scheduled(self.beta, training)
            self.add_loss(beta * (critic + encoder) if joint else critic + beta * encoder)
        return {
            "score_prior": score_prior,
            "score_code": score_code,
            "gradient_penalty": penalty,
        }

    def _draw_genre(self, genres, batch):
        """Draws one genre of each song.

        Returns:
            (component, told): int `(batch,)`, the song's petal, and float `(batch, genre)`, the
            genre as the critic is told it; both None where there are no genres.

        Raises:
            ValueError: if there are no `genres` in the inputs of a model that has them.
        """
        count = len(self.genres)
        if not count:
            return None, None
        if genres is None or genres.shape[-1] != count:
            raise ValueError(
                f"Expected `genres`, of shape (batch, {count}), in the inputs. "
                f"Received: {None if genres is None else tuple(genres.shape)}"
            )
        tags = ops.cast(genres, "float32")
        uniforms = keras.random.uniform((batch, 1), seed=self.seed_generator)
        drawn = uniforms * ops.sum(tags, axis=-1, keepdims=True)
        # `count` for a song without genres, whose one-hot vector is zero.
        genre = ops.sum(ops.cast(ops.cumsum(tags, axis=-1) <= drawn, "int32"), axis=-1)
        told = ops.one_hot(genre, count, dtype="float32")
        component = ops.take(self.places, genre)
        if self.untagged == "uniform":
            anywhere = ops.cast(uniforms[:, 0] * count, "int32")
            component = ops.where(genre < count, component, anywhere)
        return component, told

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        terms = self.reconstruction.of_parts(y["x"], y_pred["x"])
        values = {
            **{f"reconstruction_{t}": term for t, term in zip(self.tracks, terms, strict=True)},
            "wasserstein": y_pred["score_prior"] - y_pred["score_code"],
            "gradient_penalty": y_pred["gradient_penalty"],
            "generator": -y_pred["score_code"],
        }
        for name, value in values.items():
            self.term_metrics[name].update_state(value)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def encode(self, x):
        """q(z | x) of tokens `(batch, time, track)`."""
        x = ops.convert_to_tensor(x, "int32")
        found = self.posterior.distribution(self._encoding(x))
        return Posterior(*(self.unit * each for each in found))

    def spread_codes(self, x, spread=0.5, stddev=0.1):
        """Sets q(z|x), before training, so that codes differ more than their noise.

        Args:
            x: int tokens `(batch, time, track)`, windows to train on.
            spread, stddev: floats, see `DiagonalPosterior.spread`; shares of the prior's widths
                with `standardize`.
        """
        x = ops.convert_to_tensor(x, "int32")
        self.posterior.spread(self._encoding(x), spread, stddev)

    def logits(self, z, length):
        """Logits of the tokens of codes: `(batch, latent)` to `(batch, length, logit)`."""
        codes = ops.convert_to_tensor(z, "float32") / self.unit
        return self.decoder(ops.cast(codes, self.compute_dtype), length=length)

    def rollout(self, z, uniforms, temperature=0.0):
        """Makes tokens from given random numbers.

        Args:
            z: `(batch, latent)`.
            uniforms: `(batch, time, track)`, from 0 to below 1.
            temperature: scalar, see `decode`; tokens are drawn each by itself, as no step knows
                what was drawn at another.

        Returns:
            (tokens, logits): int `(batch, time, track)`, and as of `logits`.
        """
        logits = self.logits(z, ops.shape(uniforms)[1])
        steps = ops.reshape(logits, (-1, logits.shape[-1])), ops.reshape(uniforms, (-1, self.parts))
        tokens = likeliest_or_drawn(steps[0], self.num_classes, steps[1], temperature)
        return ops.reshape(tokens, ops.shape(uniforms)), logits

    def sample(self, count, length, temperature=None, seed=0, genre=None):
        """Makes `count` windows of codes drawn from the prior: `(count, length, track)`.

        Args:
            count: int, windows to make.
            length: int, steps of each.
            temperature: see `decode`.
            seed: int, of codes and tokens.
            genre: see `draw_codes`.
        """
        seeds = keras.random.SeedGenerator(seed)
        return self.decode(self.draw_codes(count, seeds, genre), length, temperature, seeds)

    def draw_codes(self, count, seed, genre=None):
        """Draws codes from the prior.

        Args:
            count: int.
            seed: int or `keras.random.SeedGenerator`.
            genre: str, a name of `genres`; or int, an index of `genres`, their number for the petal
                of songs without; or such ints `(count,)`. None draws one of `genres` for each code.

        Returns:
            float32 `(count, latent)`.

        Raises:
            ValueError: if there is no such genre.
        """
        is_stream = isinstance(seed, keras.random.SeedGenerator)
        seeds = seed if is_stream else keras.random.SeedGenerator(seed)
        noise = keras.random.normal((count, self.latent_dim), dtype="float32", seed=seeds)
        index = -1 if genre is None else self._genre_index(genre)
        if not self.genres:
            return noise
        uniforms = keras.random.uniform((count,), dtype="float32", seed=seeds)
        indices = np.broadcast_to(index, (count,))
        return self.codes_of_noise(noise, uniforms, indices)

    def codes_of_noise(self, noise, uniforms, genre):
        """Makes codes of the prior of what was drawn, for models with genres.

        Args:
            noise: standard normal, `(count, latent)`.
            uniforms: `(count,)`, from 0 to below 1, by which genres are drawn.
            genre: int `(count,)`, indices; below 0 to draw one.
        """
        drawn = ops.cast(uniforms * len(self.genres), "int32")
        genre = ops.where(ops.convert_to_tensor(genre) < 0, drawn, genre)
        return self.prior(noise, ops.take(self.places, genre))

    def _genre_index(self, genre):
        """Int or array of int."""
        if not self.genres:
            raise ValueError(
                f"Expected no genre: this model has none. Received: {genre!r}. "
                "A MusAE that was made with `genres` has."
            )
        if isinstance(genre, str):
            if genre not in self.genres:
                raise ValueError(
                    f"Expected a genre of {', '.join(self.genres)}. Received: {genre!r}"
                )
            return self.genres.index(genre)
        genre = np.asarray(genre, "int32")
        least, components = genre.min(), self.prior.components
        if least < 0 or genre.max() >= components:
            raise ValueError(
                f"Expected indices of genres from 0 to {components - 1}. Received: {genre}"
            )
        return genre

    def move(self, z, genre, amount=0.5):
        """Moves codes towards a genre, as the paper would make a song more rock or jazzy.

        The straight line of equation 19, but only in the two directions in which genres differ,
        from where a code is to the centre of the genre's petal. What a code is in all others stays
        as it is, and on half of the way between opposite genres it is in the middle of the flower,
        where the paper wants songs of both.

        Args:
            z: `(batch, latent)`.
            genre: see `draw_codes`; ints `(batch,)` move each code to its own.
            amount: float, from 0, where codes are, to 1, the petal's centre.

        Returns:
            float32 `(batch, latent)`.

        Raises:
            ValueError: if there is no such genre, or the amount is another.

        Reference: Valenti, Carta and Bacciu 2020, sections 1 and 3.3. They move no codes so; the
            way is ours.
        """
        index = self._genre_index(genre)
        if not 0 <= amount <= 1:
            raise ValueError(f"Expected an amount from 0 to 1. Received: {amount}")
        z = ops.convert_to_tensor(z, "float32")
        component = ops.take(self.places, np.broadcast_to(index, np.shape(z)[:1]))
        return self.prior.move(z, component, amount)

    def edit(self, x, genre, amount=0.5, temperature=None, seed=0):
        """Makes windows again, moved towards a genre: `decode` of the moved means.

        Args:
            x: int tokens `(batch, time, track)`.
            genre, amount: see `move`; at 0, this is `reconstruct`.
            temperature, seed: see `decode`.
        """
        z = self.move(self._mean(x), genre, amount)
        return self.decode(z, np.shape(x)[1], temperature, seed)

    def _encoding(self, x):
        return self.encoder(x, product=self._times)

    def _times(self, x, kernel):
        """The vectors of tokens times a kernel, without making them."""
        total, start = 0.0, 0
        for i, head in enumerate(self.decoder.heads):
            rows = kernel[start : start + head.vector_size]
            total = total + head.project(x[..., i : i + 1], rows)
            start += head.vector_size
        return total if self.encoder_input == "one_hot" else 2 * total - ops.sum(kernel, axis=0)

    def get_config(self):
        return super().get_config() | {
            "num_classes": list(self.num_classes),
            "tracks": list(self.tracks),
            "latent_dim": self.latent_dim,
            "units": self.units,
            "depth": self.depth,
            "genres": list(self.genres),
            "genre_order": self.genre_order and list(self.genre_order),
            "untagged": self.untagged,
            "radial_variance": self.radial_variance,
            "variance": self.variance,
            "scale": self.scale,
            "encoder_input": self.encoder_input,
            "shared_initial_state": self.shared_initial_state,
            "standardize": self.standardize,
            "critic_pace": self.critic_pace,
        }


def _check(name, value, known):
    if value not in known:
        raise ValueError(f"{name} must be one of {known}. Received: {value!r}")
