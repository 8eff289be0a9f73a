"""Pictures of what was learned, read and computed; each function returns a PIL image, `diagram` SVG text."""

from __future__ import annotations

from lenet.drawing.charts import confusion_matrix, learning_curve
from lenet.drawing.diagram import diagram
from lenet.drawing.pictures import annotate, contact_sheet, feature_maps

__all__ = ["annotate", "confusion_matrix", "contact_sheet", "diagram", "feature_maps", "learning_curve"]
