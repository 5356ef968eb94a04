"""How well single dimensions of a code stand for single attributes: the metrics of AR-VAE.

Pati and Lerch (2020) call them interpretability, SCC, MIG, SAP and modularity, and compute them of
codes that are drawn from q(z|x) of test windows.

Keep attributes in float32, as the authors do. Mutual information is estimated from distances to
neighbours, for which scikit-learn adds noise of about 1e-10 to the attribute, in the attribute's
own dtype. In float32 it is lost, and windows that tie stay tied. In float64 it breaks ties, which
attributes of music are full of: on one set of codes modularity is then .95 instead of .82.
"""

from typing import NamedTuple

import numpy as np

# Correlations that are less sure than this do not count.
SIGNIFICANT = 0.05
# A dimension that varies less has no correlations.
CONSTANT = 1e-12


class Interpretability(NamedTuple):
    """The dimension that tells the most of each attribute, and how straight a line it is.

    Attributes:
        dimensions: int array `(attribute,)`.
        scores: float array `(attribute,)`, up to 1: R^2 of the line.
    """

    dimensions: np.ndarray
    scores: np.ndarray


def measure(codes, attributes, seed=0):
    """All metrics of codes.

    Args:
        codes: float32 array `(window, latent)`, drawn from q(z|x).
        attributes: dict, name -> float32 array `(window,)`; or float32 array `(window, attribute)`.
        seed: int or `numpy.random.RandomState`, of the noise in the estimates of information.

    Returns:
        dict of float: `interpretability`, `scc`, `mig`, `sap` and `modularity`; and, of attributes
        with names, `interpretability_<name>` and `dimension_<name>`, the dimension that it is of.

    Raises:
        ValueError: if codes and attributes are not of as many windows, or there are less than two
            dimensions, attributes or four windows.
    """
    names = tuple(attributes) if isinstance(attributes, dict) else ()
    if names:
        attributes = np.stack([attributes[name] for name in names], axis=1)
    codes, attributes = np.asarray(codes), np.asarray(attributes)
    _check(codes, attributes)
    # The authors' three metrics of information estimate it anew; with equal seeds it is the same.
    random = np.random.RandomState(seed) if isinstance(seed, int) else seed
    information = mutual_information(codes, attributes, random)
    lines = interpretability(codes, attributes, information)
    metrics = {
        "interpretability": lines.scores.mean(),
        "scc": rank_correlations(codes, attributes).max(axis=0).mean(),
        "mig": information_gap(information, entropies(attributes, random)),
        "sap": gap(squared_correlations(codes, attributes)).mean(),
        "modularity": modularity(information),
    }
    for name, score, dimension in zip(names, lines.scores, lines.dimensions, strict=bool(names)):
        metrics |= {f"interpretability_{name}": score, f"dimension_{name}": dimension}
    return {name: float(value) for name, value in metrics.items()}


def mutual_information(codes, attributes, random):
    """I(z_d; a) of each dimension and attribute, estimated from three nearest neighbours.

    Args:
        codes, attributes: arrays `(window, latent)` and `(window, attribute)`.
        random: `numpy.random.RandomState`. It runs on from attribute to attribute: noise for the
            codes, then for the attribute.

    Returns:
        float64 array `(latent, attribute)`, nats.

    Reference: Kraskov, Stoegbauer and Grassberger 2004; `mutual_info_regression` of scikit-learn.
    """
    from sklearn.feature_selection import mutual_info_regression

    columns = [mutual_info_regression(codes, each, random_state=random) for each in attributes.T]
    return np.stack(columns, axis=1)


def entropies(attributes, random):
    """What stands for the entropy of each attribute: its estimated information on itself.

    That of a continuous attribute would be infinite; the estimate grows with the number of windows.

    Args:
        attributes: array `(window, attribute)`.
        random: `numpy.random.RandomState`, which goes on after `mutual_information`.

    Returns:
        float64 array `(attribute,)`, nats.
    """
    own = [mutual_information(each[:, None], each[:, None], random) for each in attributes.T]
    return np.concatenate(own)[:, 0]


def interpretability(codes, attributes, information):
    """R^2 of each attribute as a straight line of the dimension that tells the most of it.

        score(a) = R^2 of the least squares line a = w * z_d + b,  d = argmax_d I(z_d; a)

    The paper's number is the mean over attributes.

    Args:
        codes, attributes: arrays `(window, latent)` and `(window, attribute)`.
        information: array `(latent, attribute)`, see `mutual_information`.

    Returns:
        `Interpretability`.

    Reference: Adel, Ghahramani and Weller 2018; `compute_interpretability_metric` of the authors'
    code.
    """
    from sklearn.linear_model import LinearRegression

    dimensions = information.argmax(axis=0)
    scores = []
    for dimension, attribute in zip(dimensions, attributes.T, strict=True):
        z = codes[:, dimension, None]
        scores.append(LinearRegression().fit(z, attribute).score(z, attribute))
    return Interpretability(dimensions, np.array(scores))


def rank_correlations(codes, attributes):
    """|Spearman's rho| of each dimension and attribute, 0 where it may be chance.

    SCC is the mean over attributes of the greatest. A correlation counts if p <= .05.

    Args:
        codes, attributes: arrays `(window, latent)` and `(window, attribute)`.

    Returns:
        float64 array `(latent, attribute)`.

    Reference: `compute_correlation_score` of the authors' code.
    """
    from scipy.stats import spearmanr

    found = np.zeros((codes.shape[1], attributes.shape[1]))
    for dimension, attribute in np.ndindex(found.shape):
        z, a = codes[:, dimension], attributes[:, attribute]
        if np.ptp(z) and np.ptp(a):  # else SciPy warns, and gives NaN
            rho, p_value = spearmanr(z, a)
            found[dimension, attribute] = abs(rho) * (p_value <= SIGNIFICANT)
    return found


def information_gap(information, entropy):
    """MIG: how much more the best dimension tells of an attribute than the next best.

        MIG = mean_a (I(z_1; a) - I(z_2; a)) / H(a)

    with z_1 and z_2 the dimensions that tell the most of a; 0 of an attribute that does not vary.

    Args:
        information: array `(latent, attribute)`, see `mutual_information`.
        entropy: array `(attribute,)`, see `entropies`.

    Reference: Chen et al. 2018, "Isolating Sources of Disentanglement"; `compute_mig`.
    """
    varies = entropy > 0
    return np.mean(np.divide(gap(information), entropy, out=np.zeros(len(entropy)), where=varies))


def squared_correlations(codes, attributes):
    """Pearson's r^2 of each dimension and attribute; 0 where one of them does not vary.

    SAP is the mean over attributes of the `gap` between the greatest and the next.

    Args:
        codes, attributes: arrays `(window, latent)` and `(window, attribute)`.

    Returns:
        float64 array `(latent, attribute)`.

    Reference: Kumar, Sattigeri and Balakrishnan 2018; `compute_sap_score`.
    """
    found = np.zeros((codes.shape[1], attributes.shape[1]))
    for dimension, attribute in np.ndindex(found.shape):
        (z, both), (_, a) = np.cov(codes[:, dimension], attributes[:, attribute], ddof=1)
        if z > CONSTANT and a:
            found[dimension, attribute] = both**2 / (z * a)
    return found


def gap(scores):
    """The greatest of each column minus the next, `(latent, attribute)` -> `(attribute,)`."""
    ordered = np.sort(scores, axis=0)
    return ordered[-1] - ordered[-2]


def modularity(information):
    """How much each dimension tells of one attribute alone: 1 if of no other.

        modularity = mean_d (1 - sum_{a != best} I(z_d; a)^2 / ((A - 1) * I(z_d; best)^2))

    A dimension that tells nothing counts 0.

    Args:
        information: array `(latent, attribute)` with A attributes, see `mutual_information`.

    Reference: Ridgeway and Mozer 2018, "Learning Deep Disentangled Embeddings With the F-Statistic
    Loss", 2.1; `compute_modularity`.
    """
    squared = np.square(information)
    best = squared.max(axis=1)
    others = (squared.sum(axis=1) - best) / (squared.shape[1] - 1)
    return np.mean(1 - np.divide(others, best, out=np.ones_like(best), where=best > 0))


def _check(codes, attributes):
    shapes = codes.shape, attributes.shape
    if codes.ndim != 2 or attributes.ndim != 2 or len(codes) != len(attributes):
        raise ValueError(
            "Expected codes (window, latent) and attributes (window, attribute) of as many "
            f"windows, received shapes {shapes[0]} and {shapes[1]}."
        )
    if len(codes) < 4 or min(shapes[0][1], shapes[1][1]) < 2:
        raise ValueError(
            "Expected four windows, two dimensions and two attributes or more, which the metrics "
            f"compare, received shapes {shapes[0]} and {shapes[1]}."
        )
