"""Builds the measures of sopranos on which AR-VAE is trained."""

import dataclasses
from typing import ClassVar

import numpy as np
import tensorflow_datasets as tfds

from keras_music_vae.music import attributes
from keras_music_vae.music.representations import SpelledMelody
from tfds_builders.bach_soprano_measures import measures, sopranos


@dataclasses.dataclass(eq=False)
class BachSopranoMeasuresConfig(tfds.core.BuilderConfig):
    """Which chorales, and how they are split.

    Attributes:
        profile: str, the vocabulary, one of `SpelledMelody`'s profiles.
        repeats_only: bool, take only chorales with repeats, as the authors' music21 did.
        by_order: bool, cut the measures at 70 and 90 % as the authors do, else split by piece.
    """

    profile: str = "music21_10"
    repeats_only: bool = False
    by_order: bool = False


class Builder(tfds.core.GeneratorBasedBuilder):
    """Builds `bach_soprano_measures`."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "First release."}
    BUILDER_CONFIGS: ClassVar = [
        BachSopranoMeasuresConfig(
            name="music21_10",
            description="346 chorales of music21 10, split by piece.",
        ),
        BachSopranoMeasuresConfig(
            name="music21_10_by_order",
            description="The same measures, split by their order as in the authors' code.",
            by_order=True,
        ),
        BachSopranoMeasuresConfig(
            name="published",
            description="The 165 chorales with repeats, nearly the authors', split by piece.",
            profile="published",
            repeats_only=True,
        ),
        BachSopranoMeasuresConfig(
            name="published_by_order",
            description="The same measures, split by their order as in the authors' code.",
            profile="published",
            repeats_only=True,
            by_order=True,
        ),
    ]

    def _info(self):
        labels = {
            "rhythmic_complexity": "Weights of the ticks in which notes begin, 0 to 1.",
            "pitch_range": "Highest minus lowest pitch, in units of 26 semitones.",
            "note_density": "Notes that begin, per tick.",
            "contour": "Last minus first pitch, in units of 26 semitones.",
        }
        features = {
            "measure": tfds.features.Tensor(
                shape=SpelledMelody().window_shape(1),
                dtype=SpelledMelody.dtype,
                doc="Tokens of `SpelledMelody`.",
            ),
            **{
                name: tfds.features.Scalar(np.float32, doc=labels[name])
                for name in attributes.ATTRIBUTES
            },
            "piece": tfds.features.Text(doc="Name in music21's corpus."),
            "semitones": tfds.features.Scalar(
                np.int8, doc="How far it is transposed, 0 in the original key."
            ),
            "bar": tfds.features.Scalar(
                np.uint8, doc="Which four quarters of the piece, 0 before it begins."
            ),
        }
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(features),
            homepage="https://arxiv.org/abs/2004.05485",
            license="Encodings of music21's corpus; some may not be used commercially.",
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict(),
        )

    def _split_generators(self, dl_manager):
        import music21

        config = self.builder_config
        representation = SpelledMelody(config.profile)
        corpus = [
            (piece, soprano)
            for piece, soprano in sopranos.read_corpus()
            if soprano.has_repeats or not config.repeats_only
        ]
        pieces = [piece for piece, _ in corpus]
        cut = measures.cut([soprano for _, soprano in corpus], representation)
        self.info.metadata.update(
            music21=music21.__version__,
            pieces=len(pieces),
            representation=type(representation).__name__,
            options=dataclasses.asdict(representation),
        )
        chosen = measures.split(cut, pieces, by_order=config.by_order)
        labels = attributes.measure_attributes(representation.onsets(cut.tokens))
        return {
            name: self._generate_examples(index, cut, labels, pieces)
            for name, index in chosen.items()
        }

    def _generate_examples(self, chosen, cut, labels, pieces):
        for index in chosen.tolist():
            yield (
                index,
                {
                    "measure": cut.tokens[index],
                    **{name: values[index] for name, values in labels.items()},
                    "piece": pieces[cut.piece[index]],
                    "semitones": cut.semitones[index],
                    "bar": cut.bar[index],
                },
            )
