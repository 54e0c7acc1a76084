# SPDX-License-Identifier: Apache-2.0
"""YAML that says each thing once: PyYAML takes the last of two keys of one name and says nothing."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


class DuplicateKeyError(yaml.MarkedYAMLError):
    """A key stands twice in one group; `problem` is its name, `problem_mark` where."""


class UniqueKeyLoader(yaml.SafeLoader):
    """A safe loader that refuses keys that stand twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping, refusing a key that appears twice.

        Args:
            node: The YAML node.
            deep: Whether nested nodes are built at once.

        Returns:
            The mapping.

        Raises:
            DuplicateKeyError: A key stands twice.
        """
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise DuplicateKeyError(problem=name, problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)
