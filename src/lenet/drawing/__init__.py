"""Pictures of what was learned, read and computed; each function returns a PIL image, `diagram` SVG, reports HTML."""

from __future__ import annotations

from lenet.drawing.charts import confusion_matrix, learning_curve
from lenet.drawing.diagram import diagram
from lenet.drawing.pictures import annotate, contact_sheet, feature_maps
from lenet.drawing.rejection import rejection_chart
from lenet.drawing.report import field_report, field_section

__all__ = [
    "annotate",
    "confusion_matrix",
    "contact_sheet",
    "diagram",
    "feature_maps",
    "field_report",
    "field_section",
    "learning_curve",
    "rejection_chart",
]
