"""Documents: pages of pictures, clean ink, and the pieces of ink on a page.

`pages` opens files, `pictures` says what a picture is, `decoders` knows the formats.
"""

from lenet.documents.pages import Page, open_document
from lenet.documents.pictures import as_picture

__all__ = ["Page", "as_picture", "open_document"]
