"""Number fields that nobody wrote: digits of a data set and drawn signs, side by side on paper of many kinds."""

from __future__ import annotations

from lenet.datasets.synthetic.fields import SyntheticField, synthetic_fields
from lenet.datasets.synthetic.texts import number_text
from lenet.datasets.synthetic.writer import SIGNS

__all__ = ["SIGNS", "SyntheticField", "number_text", "synthetic_fields"]
