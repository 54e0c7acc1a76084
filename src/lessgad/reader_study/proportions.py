# SPDX-License-Identifier: Apache-2.0
"""Shares of yes-or-no answers: how sure one is, and whether two of the same cases differ."""

from __future__ import annotations


def wilson_interval(count: int, n: int) -> tuple[float, float] | None:
    """Compute the 95 % Wilson interval of a share of independent answers.

        (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n),   p = count/n, z = 1.96

    Source: Wilson, J. Am. Stat. Assoc. 1927.

    Args:
        count: Number of cases with the property.
        n: Number of cases.

    Returns:
        Lower and upper bound, 0–1; None without answers.
    """
    from scipy.stats import binomtest

    if n == 0:
        return None
    interval = binomtest(count, n).proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)


def mcnemar_p(n_only_first: int, n_only_second: int) -> float:
    """Compute the exact two-sided p-value of McNemar's test for equal frequency of both kinds of change.

    The changes are b and c, of b + c cases in all; p = P(at least as uneven | Binomial(b + c, ½)). 1 where nothing
    changes.

    Args:
        n_only_first: Cases with yes in the first and no in the second, b.
        n_only_second: The reverse, c.

    Returns:
        The p-value.

    Source: McNemar, Psychometrika 1947.
    """
    from scipy.stats import binomtest

    n = n_only_first + n_only_second
    return float(binomtest(n_only_first, n, 0.5).pvalue) if n else 1.0
